#include "ingest/rules.h"

#include <fmt/format.h>

#include <toml++/toml.h>

#include <algorithm>

#include "base/closest_name.h"
#include "ingest/rule_text.h"
#include "ingest/topic_mapping.h"
#include "model/series_key.h"

namespace weir::ingest {

// Walks the parsed document and notes every mistake with its place.
class RulesReader {
 public:
  explicit RulesReader(OtherTables others) : others_(others) {}

  Result<std::shared_ptr<const RuleSet>> read(const toml::table& root);

 private:
  using ReadKey = void (RulesReader::*)(const toml::node&, Rule&);
  struct Key {
    std::string_view name;
    ReadKey read;
  };
  static const std::vector<Key>& keys();

  void read_automatic(const toml::node& node);
  void read_rules(const toml::node& node);
  void read_rule(const toml::table& table);
  void check_rule(const toml::table& table, Rule& rule);
  void check_tags(const toml::table& table, const Rule& rule);

  void read_topic(const toml::node& node, Rule& rule);
  void read_skip(const toml::node& node, Rule& rule);
  void read_ignore(const toml::node& node, Rule& rule);
  void read_when(const toml::node& node, Rule& rule);
  void read_format(const toml::node& node, Rule& rule);
  void read_measurement(const toml::node& node, Rule& rule);
  void read_tags(const toml::node& node, Rule& rule);
  void read_fields(const toml::node& node, Rule& rule);
  void read_drop(const toml::node& node, Rule& rule);
  void read_types(const toml::node& node, Rule& rule);
  void read_time(const toml::node& node, Rule& rule);
  void read_each(const toml::node& node, Rule& rule);
  void read_bucket(const toml::node& node, Rule& rule);
  void read_retained(const toml::node& node, Rule& rule);

  void read_field(const toml::node& node, std::string_view key, std::string_view path, Rule& rule);
  std::vector<TopicPattern> read_filters(const toml::node& node);

  void mistake(const toml::source_region& where, std::string_view what) {
    mistakes_.push_back(fmt::format("{}:{}: {}", where.begin.line, where.begin.column, what));
  }
  void mistake(const toml::node& node, std::string_view what) { mistake(node.source(), what); }
  void unknown_key(const toml::key& key, const std::vector<std::string_view>& known);
  // The node's text, or nothing and a mistake.
  std::optional<std::string> text(const toml::node& node, std::string_view key);
  // Unwraps, or notes the error at the node.
  template <class T>
  std::optional<T> checked(const toml::node& node, Result<T> result) {
    if (result.ok()) return std::move(result).value();
    mistake(node, result.error().message);
    return std::nullopt;
  }

  OtherTables others_;
  std::vector<std::string> mistakes_;
  RuleSet set_;
};

namespace {

constexpr std::string_view kAutomaticSkip[] = {
    "$SYS/#", "homeassistant/#", "cmnd/#", "+/+/set", "+/+/get", "zigbee2mqtt/bridge/#"};
// Parts of the language that this version understands and does not carry out.
constexpr std::string_view kKeysNotOffered[] = {"also",    "align",  "zone",      "preset",
                                                "columns", "schema", "delimiter", "message"};
constexpr std::string_view kFormatsNotOffered[] = {"csv",      "cbor",     "msgpack", "sparkplug",
                                                   "protobuf", "collectd", "hex"};

template <class List>
bool contains(const List& list, std::string_view wanted) {
  return std::find(std::begin(list), std::end(list), wanted) != std::end(list);
}

std::vector<TopicPattern> default_skip() {
  std::vector<TopicPattern> skip;
  for (std::string_view filter : kAutomaticSkip) {
    skip.push_back(TopicPattern::parse_filter(filter).value());
  }
  return skip;
}

}  // namespace

std::string Rule::title() const { return fmt::format("rule {} ({})", number, pattern.text()); }

void RulesReader::unknown_key(const toml::key& key, const std::vector<std::string_view>& known) {
  const std::string_view near = closest_name(key.str(), known);
  mistake(key.source(),
          near.empty() ? fmt::format("unknown key \"{}\"", key.str())
                       : fmt::format("unknown key \"{}\"; did you mean \"{}\"?", key.str(), near));
}

std::optional<std::string> RulesReader::text(const toml::node& node, std::string_view key) {
  if (const auto* value = node.as_string()) return value->get();
  mistake(node, fmt::format("{} takes a text in quotes", key));
  return std::nullopt;
}

Result<std::shared_ptr<const RuleSet>> RulesReader::read(const toml::table& root) {
  set_.automatic_.skip = default_skip();
  for (const auto& [key, node] : root) {
    if (key.str() == "auto") {
      read_automatic(node);
    } else if (key.str() == "map") {
      read_rules(node);
    } else if (others_ == OtherTables::refuse) {
      unknown_key(key, {"auto", "map"});
    }
  }
  if (!mistakes_.empty())
    return Error{Errc::invalid, fmt::format("{}", fmt::join(mistakes_, "\n"))};
  return std::make_shared<const RuleSet>(std::move(set_));
}

void RulesReader::read_automatic(const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return mistake(node, "[auto] is a table");
  for (const auto& [key, value] : *table) {
    if (key.str() == "mode") {
      const auto mode = text(value, "mode");
      if (!mode) continue;
      if (*mode != "on" && *mode != "off") mistake(value, "mode is \"on\" or \"off\"");
      set_.automatic_.enabled = *mode != "off";
    } else if (key.str() == "skip") {
      set_.automatic_.skip = read_filters(value);
    } else if (key.str() == "max_series") {
      const auto most = value.value<int64_t>();
      if (!most || *most < 0) {
        mistake(value, "max_series is a number from 0");
      } else {
        set_.automatic_.series_max = static_cast<size_t>(*most);
      }
    } else {
      unknown_key(key, {"mode", "skip", "max_series"});
    }
  }
}

void RulesReader::read_rules(const toml::node& node) {
  const auto* rules = node.as_array();
  if (rules == nullptr) return mistake(node, "rules are written [[map]], with two brackets");
  for (const toml::node& rule : *rules) {
    if (const auto* table = rule.as_table()) {
      read_rule(*table);
    } else {
      mistake(rule, "a rule is a table: [[map]]");
    }
  }
}

const std::vector<RulesReader::Key>& RulesReader::keys() {
  static const std::vector<Key> keys = {{"skip", &RulesReader::read_skip},
                                        {"ignore", &RulesReader::read_ignore},
                                        {"when", &RulesReader::read_when},
                                        {"format", &RulesReader::read_format},
                                        {"measurement", &RulesReader::read_measurement},
                                        {"tags", &RulesReader::read_tags},
                                        {"fields", &RulesReader::read_fields},
                                        {"drop", &RulesReader::read_drop},
                                        {"types", &RulesReader::read_types},
                                        {"time", &RulesReader::read_time},
                                        {"each", &RulesReader::read_each},
                                        {"bucket", &RulesReader::read_bucket},
                                        {"retained", &RulesReader::read_retained}};
  return keys;
}

void RulesReader::read_rule(const toml::table& table) {
  Rule rule;
  rule.number = set_.rules_.size() + 1;
  std::vector<std::string_view> known = {"topic"};
  for (const Key& key : keys()) known.push_back(key.name);
  const size_t mistakes_before = mistakes_.size();
  if (const toml::node* topic = table.get("topic")) {
    read_topic(*topic, rule);
  } else {
    mistake(table, "a rule needs a topic");
  }
  for (const auto& [key, node] : table) {
    if (key.str() == "topic") continue;
    const auto reader = std::find_if(keys().begin(), keys().end(),
                                     [&key = key](const Key& k) { return k.name == key.str(); });
    if (reader != keys().end()) {
      (this->*reader->read)(node, rule);
    } else if (contains(kKeysNotOffered, key.str())) {
      mistake(key.source(), fmt::format("\"{}\" is not offered yet", key.str()));
    } else {
      unknown_key(key, known);
    }
  }
  if (mistakes_.size() == mistakes_before) check_rule(table, rule);
  set_.rules_.push_back(std::move(rule));
}

// What only shows once all keys are known.
void RulesReader::check_rule(const toml::table& table, Rule& rule) {
  const auto& names = rule.pattern.names();
  for (const std::string& name : names) {
    if (model::is_reserved_tag_key(name) && name != "_measurement" && name != "_field") {
      mistake(table, fmt::format("{{{}}} would be a tag, and that name is reserved", name));
    }
  }
  if (rule.format == Format::line) {
    for (std::string_view key :
         {"when", "measurement", "tags", "fields", "drop", "types", "time", "each"}) {
      if (const toml::node* node = table.get(key)) {
        mistake(*node, fmt::format("{} has no meaning with format = \"line\"", key));
      }
    }
    return;
  }
  check_tags(table, rule);
  if (!rule.measurement.empty() || rule.ignore) return;
  const auto named = std::find(names.begin(), names.end(), "_measurement");
  if (named != names.end()) {
    rule.measurement.parts.push_back({"", static_cast<int>(named - names.begin())});
  } else if (!rule.pattern.first_literal().empty()) {
    rule.measurement.parts.push_back({rule.pattern.first_literal(), -1});
  } else {
    mistake(table, "measurement is needed: no level of the topic is fixed");
  }
}

void RulesReader::read_topic(const toml::node& node, Rule& rule) {
  const auto topic = text(node, "topic");
  if (!topic) return;
  if (auto pattern = checked(node, TopicPattern::parse(*topic))) rule.pattern = std::move(*pattern);
}

std::vector<TopicPattern> RulesReader::read_filters(const toml::node& node) {
  std::vector<TopicPattern> filters;
  const auto* list = node.as_array();
  if (list == nullptr) return mistake(node, "skip is a list of topic filters"), filters;
  for (const toml::node& entry : *list) {
    const auto filter = text(entry, "skip");
    if (!filter) continue;
    if (auto pattern = checked(entry, TopicPattern::parse_filter(*filter))) {
      filters.push_back(std::move(*pattern));
    }
  }
  return filters;
}

void RulesReader::read_skip(const toml::node& node, Rule& rule) { rule.skip = read_filters(node); }

void RulesReader::read_ignore(const toml::node& node, Rule& rule) {
  if (const auto* value = node.as_boolean()) {
    rule.ignore = value->get();
  } else {
    mistake(node, "ignore is true or false");
  }
}

void RulesReader::read_when(const toml::node& node, Rule& rule) {
  const auto condition = text(node, "when");
  if (condition) rule.when = checked(node, parse_condition(*condition));
}

void RulesReader::read_format(const toml::node& node, Rule& rule) {
  static const std::pair<std::string_view, Format> kFormats[] = {{"auto", Format::automatic},
                                                                 {"json", Format::json},
                                                                 {"number", Format::number},
                                                                 {"text", Format::text},
                                                                 {"line", Format::line}};
  const auto format = text(node, "format");
  if (!format) return;
  for (const auto& [name, value] : kFormats) {
    if (name == *format) return void(rule.format = value);
  }
  if (contains(kFormatsNotOffered, *format)) {
    return mistake(node, fmt::format("format \"{}\" is not offered yet", *format));
  }
  mistake(node, fmt::format("unknown format \"{}\": auto, json, number, text or line", *format));
}

void RulesReader::read_measurement(const toml::node& node, Rule& rule) {
  const auto measurement = text(node, "measurement");
  if (!measurement) return;
  if (measurement->empty()) return mistake(node, "measurement is empty");
  if (auto name = checked(node, parse_template(*measurement, rule.pattern.names()))) {
    rule.measurement = std::move(*name);
  }
}

// A tag that a series key cannot carry, or two of one name, would make the store refuse every point
// of the rule, and with it whatever else its publisher sent.
void RulesReader::check_tags(const toml::table& table, const Rule& rule) {
  const std::string_view member = rule.each ? std::string_view(rule.each->member_tag) : "";
  const auto& captures = rule.pattern.names();
  bool is_twice = std::find(captures.begin(), captures.end(), member) != captures.end();
  std::string scratch;
  auto check_name = [&](std::string_view name) {
    if (cleaned(name, scratch) == name) return;
    mistake(table, fmt::format("a tag cannot be called \"{}\"", name));
  };
  for (const TagRule& tag : rule.tags) {
    check_name(tag.name);
    is_twice |= tag.name == member;
  }
  check_name(member);
  if (is_twice) mistake(table, fmt::format("each would set the tag \"{}\" again", member));
}

void RulesReader::read_tags(const toml::node& node, Rule& rule) {
  const auto* table = node.as_table();
  if (table == nullptr) return mistake(node, "tags is a table: { site = \"home\" }");
  for (const auto& [key, value] : *table) {
    TagRule tag;
    tag.name = key.str();
    if (tag.name.empty() || model::is_reserved_tag_key(tag.name)) {
      mistake(key.source(), fmt::format("a tag cannot be called \"{}\"", tag.name));
      continue;
    }
    std::string text_value;
    if (const auto* string = value.as_string()) {
      text_value = string->get();
    } else if (value.is_number() || value.is_boolean()) {
      text_value = value.is_boolean()   ? (*value.value<bool>() ? "true" : "false")
                   : value.is_integer() ? fmt::format("{}", *value.value<int64_t>())
                                        : fmt::format("{}", *value.value<double>());
    } else {
      mistake(value, "a tag's value is a text, a number, \"$.path\" or \"{name}\"");
      continue;
    }
    if (text_value.starts_with("$.")) {
      tag.path = checked(value, PayloadPath::parse(text_value.substr(2)));
    } else if (auto filled = checked(value, parse_template(text_value, rule.pattern.names()))) {
      tag.text = std::move(*filled);
    }
    rule.tags.push_back(std::move(tag));
  }
}

void RulesReader::read_field(const toml::node& node, std::string_view key, std::string_view path,
                             Rule& rule) {
  if (path.starts_with("="))
    return mistake(node, "calculated fields (\"= ...\") are not offered yet");
  FieldRule field;
  field.key = key;
  field.below = path == "*" || path.ends_with(".*");
  if (path == "*") {
    rule.fields.push_back(std::move(field));
    return;
  }
  if (field.below) path.remove_suffix(2);
  if (auto parsed = checked(node, PayloadPath::parse(path))) {
    field.path = std::move(*parsed);
    rule.fields.push_back(std::move(field));
  }
}

void RulesReader::read_fields(const toml::node& node, Rule& rule) {
  if (const auto* list = node.as_array()) {
    for (const toml::node& entry : *list) {
      const auto path = text(entry, "fields");
      if (!path) continue;
      const bool below = *path == "*" || path->ends_with(".*");
      read_field(entry, below ? "" : *path, *path, rule);
    }
    if (list->empty()) mistake(node, "fields is empty: use ignore = true to store nothing");
    return;
  }
  const auto* table = node.as_table();
  if (table == nullptr) {
    return mistake(node, "fields is a list of paths or a table { key = \"path\" }");
  }
  for (const auto& [key, value] : *table) {
    const auto path = text(value, "a field's path");
    if (!path) continue;
    const bool below = *path == "*" || path->ends_with(".*");
    if (below != (key.str() == "*")) {
      mistake(value, "the key \"*\" goes with a path that ends in .*, and no other key does");
      continue;
    }
    read_field(value, below ? "" : key.str(), *path, rule);
  }
}

void RulesReader::read_drop(const toml::node& node, Rule& rule) {
  const auto* list = node.as_array();
  if (list == nullptr) return mistake(node, "drop is a list of fields");
  for (const toml::node& entry : *list) {
    if (auto key = text(entry, "drop")) rule.drop.push_back(std::move(*key));
  }
}

void RulesReader::read_types(const toml::node& node, Rule& rule) {
  const auto* table = node.as_table();
  if (table == nullptr) return mistake(node, "types is a table: { total = \"int\" }");
  for (const auto& [key, value] : *table) {
    const auto type = text(value, "a type");
    if (!type) continue;
    if (auto conversion = checked(value, parse_conversion(key.str(), *type))) {
      rule.types.push_back(std::move(*conversion));
    }
  }
}

void RulesReader::read_time(const toml::node& node, Rule& rule) {
  const auto path = text(node, "time");
  if (path) rule.time = checked(node, PayloadPath::parse(*path));
}

void RulesReader::read_each(const toml::node& node, Rule& rule) {
  const auto each = text(node, "each");
  if (each) rule.each = checked(node, parse_each(*each));
}

void RulesReader::read_bucket(const toml::node& node, Rule& rule) {
  const auto bucket = text(node, "bucket");
  if (!bucket) return;
  if (auto name = checked(node, parse_template(*bucket, rule.pattern.names()))) {
    rule.bucket = std::move(*name);
  }
}

void RulesReader::read_retained(const toml::node& node, Rule& rule) {
  const auto retained = text(node, "retained");
  if (!retained) return;
  if (*retained == "fresh") return void(rule.retained = Retained::fresh);
  if (*retained == "all") return void(rule.retained = Retained::all);
  if (*retained == "never") return void(rule.retained = Retained::never);
  mistake(node, "retained is \"fresh\", \"all\" or \"never\"");
}

Result<std::shared_ptr<const RuleSet>> RuleSet::parse(std::string_view toml, OtherTables others) {
  try {
    return RulesReader(others).read(toml::parse(toml));
  } catch (const toml::parse_error& error) {
    return Error{Errc::invalid, fmt::format("{}:{}: {}", error.source().begin.line,
                                            error.source().begin.column, error.description())};
  }
}

std::shared_ptr<const RuleSet> RuleSet::automatic_only() { return RuleSet::parse("").value(); }

}  // namespace weir::ingest
