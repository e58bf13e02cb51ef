// POST /api/v2/weir/schema: measurements, fields, tag keys and tag values, from the index.
#include <fmt/core.h>

#include <charconv>

#include "api/fields.h"
#include "api/route.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "meta/meta.h"
#include "store/store.h"

namespace weir::api::own {
namespace {

// "30d" -> nanoseconds; units s, m, h, d, w, several in a row.
std::optional<int64_t> duration_ns(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total_ns = 0;
  while (!text.empty()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return std::nullopt;
    const char unit = text.front();
    text.remove_prefix(1);
    const int64_t seconds = unit == 's'   ? 1
                            : unit == 'm' ? 60
                            : unit == 'h' ? 3600
                            : unit == 'd' ? 86'400
                            : unit == 'w' ? 7 * 86'400
                                          : 0;
    int64_t part_ns = 0;
    if (seconds == 0 || __builtin_mul_overflow(number, seconds * meta::kSecondNs, &part_ns) ||
        __builtin_add_overflow(total_ns, part_ns, &total_ns))
      return std::nullopt;
  }
  return total_ns;
}

// RFC 3339, "now", or a negative duration.
Result<int64_t> time_field(const Json& body, std::string_view name, int64_t now_ns,
                           int64_t otherwise) {
  WEIR_TRY(std::optional<std::string> text, text_field(body, name));
  if (!text.has_value() || text->empty()) return otherwise;
  if (*text == "now" || *text == "now()") return now_ns;
  if (text->front() == '-') {
    const std::optional<int64_t> back_ns = duration_ns(std::string_view(*text).substr(1));
    int64_t time_ns = 0;
    if (back_ns.has_value() && !__builtin_sub_overflow(now_ns, *back_ns, &time_ns)) return time_ns;
    return Error{Errc::invalid, fmt::format("{} is invalid: got `{}`, wanted a negative duration"
                                            " such as -1h30m",
                                            name, *text)};
  }
  Result<int64_t> time_ns = parse_rfc3339(*text);
  if (!time_ns.ok()) return std::move(time_ns).error().with_context(name);
  return time_ns;
}

Result<store::SchemaSpec::What> what_field(const Json& body) {
  using What = store::SchemaSpec::What;
  WEIR_TRY(std::optional<std::string> what, text_field(body, "what"));
  if (what == "measurements") return What::measurements;
  if (what == "fields") return What::fields;
  if (what == "tagKeys") return What::tag_keys;
  if (what == "tagValues") return What::tag_values;
  return Error{Errc::invalid, fmt::format("what is invalid: got `{}`, wanted measurements, fields,"
                                          " tagKeys or tagValues",
                                          what.value_or(""))};
}

Result<void> add_tags(const Json& body, std::vector<store::PredicatePtr>& all) {
  auto tags = body.find("tags");
  if (tags == body.end() || tags->is_null()) return {};
  if (!tags->is_object()) return Error{Errc::invalid, "tags must be an object"};
  for (const auto& [key, values] : tags->items()) {
    if (!values.is_array()) return Error{Errc::invalid, "tags." + key + " must be a list"};
    std::vector<store::PredicatePtr> any;
    for (const Json& value : values) {
      if (!value.is_string()) return Error{Errc::invalid, "tags." + key + " must hold strings"};
      any.push_back(store::tag_equal(key, value.get<std::string>()));
    }
    if (!any.empty()) all.push_back(store::any_of(std::move(any)));
  }
  return {};
}

Result<store::PredicatePtr> predicate_of(const Json& body) {
  std::vector<store::PredicatePtr> all;
  for (const auto& [name, key] :
       {std::pair("measurement", "_measurement"), std::pair("field", "_field")}) {
    WEIR_TRY(std::optional<std::string> text, text_field(body, name));
    if (text.has_value() && !text->empty()) all.push_back(store::tag_equal(key, *text));
  }
  WEIR_CHECK(add_tags(body, all));
  return all.empty() ? store::PredicatePtr() : store::all_of(std::move(all));
}

Result<Answer> schema(const Call& call) {
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> bucket_text, text_field(body, "bucketID"));
  WEIR_TRY(BucketId id, id_parameter<BucketId>(bucket_text.value_or("")));
  const meta::BucketPtr bucket = call.context.meta.buckets().find(id);
  if (bucket == nullptr || !call.caller.may(meta::Action::read, *bucket))
    return Error{Errc::not_found, "bucket not found"};
  const int64_t now_ns = call.context.clock.wall_ns();
  store::SchemaSpec spec;
  spec.bucket = id;
  WEIR_TRY(spec.what, what_field(body));
  WEIR_TRY(spec.start_ns, time_field(body, "start", now_ns, store::kTimeMin));
  WEIR_TRY(spec.stop_ns, time_field(body, "stop", now_ns, store::kTimeMax));
  WEIR_TRY(spec.predicate, predicate_of(body));
  WEIR_TRY(std::optional<std::string> tag_key, text_field(body, "tagKey"));
  spec.tag_key = tag_key.value_or("");
  if (spec.what == store::SchemaSpec::What::tag_values && spec.tag_key.empty())
    return Error{Errc::invalid, "tagValues needs a tagKey"};
  WEIR_TRY(std::vector<std::string> values, call.context.store.schema(spec));
  return json_answer(200, {{"values", std::move(values)}});
}

}  // namespace

void mount_schema(http::Router& router, Context& context) {
  route(router, context, "POST", "/api/v2/weir/schema", RunOn::worker, schema);
}

}  // namespace weir::api::own
