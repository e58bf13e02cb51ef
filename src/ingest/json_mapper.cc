#include "ingest/json_mapper.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "ingest/device_time.h"
#include "model/series_key.h"

namespace weir::ingest {
namespace {

using JsonElement = simdjson::dom::element;
using simdjson::dom::element_type;

struct ThreadParser {
  simdjson::dom::parser parser;
  std::string padded;  // the payload and the slack that simdjson may read

  simdjson::simdjson_result<JsonElement> parse(std::string_view payload) {
    padded.assign(payload);
    padded.resize(payload.size() + simdjson::SIMDJSON_PADDING);
    return parser.parse(padded.data(), payload.size(), false);
  }
};

// The text with number words that JSON does not know replaced by null.
std::string with_nulls(std::string_view text) {
  static constexpr std::string_view kWords[] = {"-Infinity", "Infinity", "-inf", "-nan",
                                                "-NaN",      "NaN",      "nan",  "inf"};
  std::string result;
  bool in_string = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto* word = in_string ? std::end(kWords)
                                 : std::find_if(std::begin(kWords), std::end(kWords),
                                                [rest](auto w) { return rest.starts_with(w); });
    if (word != std::end(kWords)) {
      result += "null";
      i += word->size();
      continue;
    }
    const size_t size = in_string && text[i] == '\\' && i + 1 < text.size() ? 2 : 1;
    if (text[i] == '"') in_string = !in_string;
    result.append(text, i, size);
    i += size;
  }
  return result;
}

// JSON payloads are parsed in full before anything of them is used. The document lives in memory of
// the thread until its next parse. NaN, nan, Infinity and inf, which devices and Python print
// although JSON has no word for them, read as null. Errc::invalid with simdjson's reason.
Result<JsonElement> parse_payload(std::string_view payload) {
  thread_local ThreadParser thread;
  auto parsed = thread.parse(payload);
  if (parsed.error() != simdjson::SUCCESS) {
    auto repaired = thread.parse(with_nulls(payload));
    if (repaired.error() != simdjson::SUCCESS) {
      return Error{Errc::invalid, simdjson::error_message(parsed.error())};
    }
    return repaired.value_unsafe();
  }
  return parsed.value_unsafe();
}

// The element at the path, or nothing.
std::optional<JsonElement> find(JsonElement root, const PayloadPath& path) {
  for (const PayloadPath::Step& step : path.steps) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (step.is_index) {
      if (root.get(array) != simdjson::SUCCESS) return std::nullopt;
      if (array.at(step.index).get(root) != simdjson::SUCCESS) return std::nullopt;
    } else {
      if (root.get(object) != simdjson::SUCCESS) return std::nullopt;
      if (object.at_key(step.name).get(root) != simdjson::SUCCESS) return std::nullopt;
    }
  }
  return root;
}

bool is_container(JsonElement element) { return element.is_object() || element.is_array(); }

// A leaf's value; of a container, null.
Leaf leaf_of(JsonElement element) {
  switch (element.type()) {
    case element_type::INT64:
      return Leaf::of_integer(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return Leaf::of_unsigned(element.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return Leaf::of_number(element.get_double().value_unsafe());
    case element_type::STRING:
      return Leaf::of_text(element.get_string().value_unsafe());
    case element_type::BOOL:
      return Leaf::of_bool(element.get_bool().value_unsafe());
    default:
      return Leaf();
  }
}

constexpr std::string_view kTimeKeys[] = {"time",        "timestamp", "ts",  "tst",
                                          "received_at", "last_seen", "Time"};
constexpr int64_t kDay = 86'400'000'000'000;
constexpr int64_t kAutomaticPastMax = 3653 * kDay;  // ten years
constexpr int64_t kAutomaticFutureMax = kDay;

DeviceTime time_of(const Leaf& leaf) {
  switch (leaf.kind) {
    case Leaf::Kind::integer:
      return read_time_integer(leaf.integer);
    case Leaf::Kind::number:
      return read_time_number(leaf.number);
    case Leaf::Kind::text:
      return read_time_text(leaf.text);
    default:
      return {};
  }
}

bool equals(const Leaf& leaf, const Condition& condition) {
  struct Compare {
    const Leaf& leaf;
    bool operator()(std::nullptr_t) const { return leaf.kind == Leaf::Kind::null; }
    bool operator()(bool wanted) const {
      return leaf.kind == Leaf::Kind::boolean && leaf.boolean == wanted;
    }
    bool operator()(double wanted) const {
      if (leaf.kind == Leaf::Kind::integer) return static_cast<double>(leaf.integer) == wanted;
      return leaf.kind == Leaf::Kind::number && leaf.number == wanted;
    }
    bool operator()(const std::string& wanted) const {
      return leaf.kind == Leaf::Kind::text && leaf.text == wanted;
    }
  };
  return std::visit(Compare{leaf}, condition.literal);
}

class JsonMapper {
 public:
  JsonMapper(const TopicMapping& mapping, const MessageView& message, PointMaker& maker,
             JsonElement root)
      : mapping_(mapping), message_(message), maker_(maker), root_(root) {}

  MapOutcome run() {
    const Rule* rule = mapping_.rule;
    if (rule != nullptr && rule->when && !condition_holds(*rule->when)) {
      return {Reason::ignored, "when is false", {}};
    }
    if (rule != nullptr && rule->each) {
      map_each(*rule->each);
    } else {
      map_point(root_, {});
    }
    if (failure_.reason != Reason::none) return std::move(failure_);
    if (maker_.too_many_fields()) {
      return {
          Reason::too_large, fmt::format("more than {} fields in a point", kFieldsPerPointMax), {}};
    }
    return {};
  }

 private:
  bool condition_holds(const Condition& condition) {
    const auto element = find(root_, condition.path);
    const Leaf leaf = element ? leaf_of(*element) : Leaf();
    const bool is_value = element && is_container(*element);  // an object equals nothing, not null
    return (!is_value && equals(leaf, condition)) == condition.wanted_equal;
  }

  // In the element of `each` first, then in the whole payload.
  std::optional<JsonElement> find_near(JsonElement scope, const PayloadPath& path) {
    if (auto element = find(scope, path)) return element;
    return find(root_, path);
  }

  void map_each(const EachRule& each) {
    const auto place = each.path ? find(root_, *each.path) : std::optional(root_);
    simdjson::dom::array elements;
    simdjson::dom::object members;
    if (!place) return;
    if (each.member_tag.empty() && place->get(elements) == simdjson::SUCCESS) {
      for (JsonElement element : elements) map_point(element, {});
    } else if (!each.member_tag.empty() && place->get(members) == simdjson::SUCCESS) {
      for (auto [name, value] : members) {
        if (value.is_object()) map_point(value, name);
      }
    }
  }

  void map_point(JsonElement scope, std::string_view member_name) {
    if (maker_.points() >= kPointsPerMessageMax) {
      failure_ = {Reason::too_large, fmt::format("more than {} points", kPointsPerMessageMax), {}};
      return;
    }
    time_key_ = {};
    const int64_t time_ns = find_time(scope);
    if (failure_.reason != Reason::none) return;
    maker_.begin(series_key(scope, member_name), time_ns);
    path_ = mapping_.field_prefix;
    const Rule* rule = mapping_.rule;
    if (rule == nullptr || rule->fields.empty()) {
      visit(scope, kPayloadDepthMax);
    } else {
      for (const FieldRule& field : rule->fields) add_field(scope, field);
    }
    maker_.end();
  }

  void add_field(JsonElement scope, const FieldRule& field) {
    const auto element =
        field.path.steps.empty() ? std::optional(scope) : find_near(scope, field.path);
    if (!element) return;
    path_ = mapping_.field_prefix;
    path_ += field.key;
    if (!field.key.empty()) time_key_ = {};  // asked for by name, be it the time
    visit(*element, kPayloadDepthMax);
  }

  // Adds every leaf below `element`, whose key so far is path_: members are joined with a dot.
  void visit(JsonElement element, int depth) {
    const size_t size = path_.size();
    const std::string_view key =
        std::string_view(path_).substr(std::min(size, mapping_.field_prefix.size()));
    if (!key.empty() && ((!time_key_.empty() && key == time_key_) || maker_.is_dropped(key)))
      return;
    if (!is_container(element)) return maker_.add(key, path_, leaf_of(element));
    if (depth == 0) return maker_.warn(path_ + " is nested too deeply");
    simdjson::dom::object object;
    if (element.get(object) == simdjson::SUCCESS) {
      for (auto [name, value] : object) {
        if (size > 0 && path_.back() != '.') path_ += '.';
        path_ += name;
        visit(value, depth - 1);
        path_.resize(size);
      }
      return;
    }
    simdjson::dom::array array;
    if (element.get(array) != simdjson::SUCCESS) return;
    size_t index = 0;
    for (JsonElement value : array) {
      path_ += fmt::format("[{}]", index++);
      visit(value, depth - 1);
      path_.resize(size);
    }
  }

  std::string_view series_key(JsonElement scope, std::string_view member_name) {
    if (!mapping_.series_key.empty()) return mapping_.series_key;
    key_.clear();
    std::string scratch;
    model::append_escaped_measurement(key_, cleaned(mapping_.measurement, scratch));
    for (const auto& tag : mapping_.tags) {
      std::string value = tag.value;
      if (tag.is_member) value = member_name;
      if (tag.path != nullptr) {
        const auto element = find_near(scope, *tag.path);
        value = element ? leaf_text(leaf_of(*element)) : "";
      }
      const std::string_view clean = cleaned(value, scratch);
      if (clean.empty()) continue;  // an absent tag, not an empty one
      key_ += ',';
      model::append_escaped_tag(key_, tag.name);
      key_ += '=';
      model::append_escaped_tag(key_, clean);
    }
    return key_;
  }

  int64_t find_time(JsonElement scope) {
    std::string source = "arrival";
    std::optional<int64_t> own;
    if (mapping_.rule == nullptr) {
      own = find_automatic_time(source);
    } else if (mapping_.rule->time) {
      own = find_rule_time(scope, source);
    }
    const Rule* rule = mapping_.rule;
    if (!own && message_.replayed && (rule == nullptr || rule->retained == Retained::fresh)) {
      failure_ = {Reason::ignored, "a retained copy without a time of its own", {}};
    }
    if (maker_.notes() != nullptr) maker_.notes()->time_source = source;
    return own ? *own : maker_.arrival_ns();
  }

  std::optional<int64_t> find_rule_time(JsonElement scope, std::string& source) {
    const PayloadPath& path = *mapping_.rule->time;
    time_key_ = path.text;
    const auto element = find_near(scope, path);
    if (!element) {
      source = fmt::format("arrival: no {} in the payload", path.text);
      return std::nullopt;
    }
    const DeviceTime time = time_of(leaf_of(*element));
    source = time.ns           ? path.text
             : time.lacks_zone ? fmt::format("arrival: {} has no zone", path.text)
                               : fmt::format("arrival: {} is no time", path.text);
    return time.ns;
  }

  std::optional<int64_t> find_automatic_time(std::string& source) {
    simdjson::dom::object object;
    if (root_.get(object) != simdjson::SUCCESS) return std::nullopt;
    for (std::string_view key : kTimeKeys) {
      JsonElement element;
      if (object.at_key(key).get(element) != simdjson::SUCCESS) continue;
      const DeviceTime time = time_of(leaf_of(element));
      if (time.lacks_zone) {
        time_key_ = key;
        source = fmt::format("arrival: {} has no zone", key);
      } else if (time.ns && *time.ns > message_.received_ns - kAutomaticPastMax &&
                 *time.ns < message_.received_ns + kAutomaticFutureMax) {
        time_key_ = key;
        source = key;
        return time.ns;
      }
    }
    return std::nullopt;
  }

  const TopicMapping& mapping_;
  const MessageView& message_;
  PointMaker& maker_;
  JsonElement root_;
  std::string path_, key_;
  std::string_view time_key_;  // the member that is the point's time, and hence no field
  MapOutcome failure_;
};

}  // namespace

MapOutcome map_json(const TopicMapping& mapping, const MessageView& message, PointMaker& maker,
                    std::optional<Leaf>& plain) {
  auto root = parse_payload(message.payload);
  if (!root.ok()) {
    return {Reason::malformed, "the payload is not JSON: " + root.error().message, {}};
  }
  const bool asks_for_members =
      mapping.rule != nullptr && (mapping.rule->when || mapping.rule->each);
  if (!is_container(*root) && !asks_for_members) {
    plain = leaf_of(*root);
    return {};
  }
  return JsonMapper(mapping, message, maker, *root).run();
}

}  // namespace weir::ingest
