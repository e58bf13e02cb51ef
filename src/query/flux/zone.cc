#include "query/flux/zone.h"

#include <cctz/time_zone.h>

#include "query/flux/value.h"

namespace weir::query::flux {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t floor_seconds(int64_t ns) { return ns / kSecond - (ns % kSecond < 0 ? 1 : 0); }

// Times beyond either end of time are that end.
int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

}  // namespace

struct Zone::Rules {
  cctz::time_zone zone;
};

Result<Zone> Zone::named(const std::string& name, int64_t offset_ns) {
  Zone zone;
  zone.offset_ns_ = offset_ns;
  if (name.empty() || name == "UTC") return zone;
  auto rules = std::make_shared<Rules>();
  if (!cctz::load_time_zone(name, &rules->zone))
    return Error{Errc::invalid, "unknown time zone " + name};
  zone.rules_ = std::move(rules);
  return zone;
}

Result<Zone> Zone::of(const Value* location) {
  if (location == nullptr || location->is_null()) return Zone();
  if (!location->is(ValueType::record))
    return Error{Errc::invalid,
                 "location must be a record, was " + std::string(location->type_name())};
  const Value* name = location->as_record().find("zone");
  const Value* offset = location->as_record().find("offset");
  bool has_offset = offset != nullptr && offset->is(ValueType::duration);
  bool has_name = name != nullptr && name->is(ValueType::string);
  return named(has_name ? name->as_string() : std::string(),
               has_offset ? offset->as_duration().signed_ns() : 0);
}

int64_t Zone::to_local(int64_t ns) const {
  if (rules_ == nullptr) return saturating_add(ns, offset_ns_);
  auto moment = cctz::time_point<cctz::seconds>(cctz::seconds(floor_seconds(ns)));
  return saturating_add(ns, rules_->zone.lookup(moment).offset * kSecond + offset_ns_);
}

int64_t Zone::to_utc(int64_t local_ns) const {
  int64_t shifted = saturating_add(local_ns, -offset_ns_);
  if (rules_ == nullptr) return shifted;
  int64_t seconds = floor_seconds(shifted);
  cctz::civil_second civil = cctz::civil_second(1970, 1, 1) + seconds;
  cctz::time_zone::civil_lookup found = rules_->zone.lookup(civil);
  bool skipped = found.kind == cctz::time_zone::civil_lookup::SKIPPED;
  auto at = skipped ? found.trans : found.pre;
  // Within a skipped hour all times are the moment of the jump.
  int64_t fraction = skipped ? 0 : shifted - seconds * kSecond;
  int64_t ns = 0;
  if (__builtin_mul_overflow(at.time_since_epoch().count(), kSecond, &ns))
    return local_ns < 0 ? INT64_MIN : INT64_MAX;
  return saturating_add(ns, fraction);
}

}  // namespace weir::query::flux
