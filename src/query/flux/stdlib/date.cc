// Package date, and timezone: fields of a time, truncation and shifting, in a location.
//
// A time argument may be a duration, which counts from now(). A location is a record
// {zone, offset}: a name of the tz database and a fixed shift from it.
#include "query/flux/calendar.h"
#include "query/flux/stdlib/stdlib.h"
#include "query/flux/zone.h"

namespace weir::query::flux {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr std::string_view kDate = "date";

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

Result<Zone> read_zone(CallContext& context, const Arguments& arguments) {
  const Value& location = arguments.raw("location");
  return Zone::of(location.is_null() ? context.option("universe", "location") : &location);
}

struct Moment {
  int64_t local_ns = 0;
  CivilTime civil;  // of local_ns
  Zone zone;
};

Result<Moment> read_moment(CallContext& context, const Arguments& arguments) {
  Moment moment;
  WEIR_TRY(moment.zone, read_zone(context, arguments));
  WEIR_TRY(int64_t ns, arguments.time_or_relative_ns(context, "t"));
  moment.local_ns = moment.zone.to_local(ns);
  moment.civil = civil_from_ns(moment.local_ns);
  return moment;
}

int64_t days_of(const CivilTime& civil) {
  return days_from_civil(civil.year, civil.month, civil.day);
}

// 0 is Sunday; 1970-01-01 was a Thursday.
int64_t week_day(int64_t days) { return ((days + 4) % 7 + 7) % 7; }

// ISO 8601: week 1 holds the year's first Thursday.
int64_t iso_week(const CivilTime& civil) {
  int64_t days = days_of(civil);
  int64_t thursday = days - (week_day(days) + 6) % 7 + 3;
  int64_t year = civil.year;
  if (thursday < days_from_civil(year, 1, 1))
    --year;
  else if (thursday >= days_from_civil(year + 1, 1, 1))
    ++year;
  return (thursday - days_from_civil(year, 1, 1)) / 7 + 1;
}

using Field = int64_t (*)(const CivilTime&);

void add_field(Registry& registry, std::string_view name, Field field) {
  registry.add_function(kDate, name, "(t: time|duration, ?location: record)",
                        [field](CallContext& context, const Arguments& arguments) -> Result<Value> {
                          if (!arguments.has("t")) return Value();
                          WEIR_TRY(Moment moment, read_moment(context, arguments));
                          return Value::of_int(field(moment.civil));
                        });
}

Result<int64_t> truncated(int64_t local_ns, const Duration& unit) {
  if (unit.negative || unit.is_zero() || unit.is_mixed())
    return Error{Errc::invalid, "unit must be positive, and months or smaller units, not both"};
  if (unit.months > 0) {
    CivilTime civil = civil_from_ns(local_ns);
    int64_t index = (civil.year - 1970) * 12 + civil.month - 1;
    index = floor_divide(index, unit.months) * unit.months;
    CivilTime start;
    start.year = 1970 + floor_divide(index, 12);
    start.month = static_cast<int>(index - floor_divide(index, 12) * 12) + 1;
    return ns_from_civil(start);
  }
  // Counted from the epoch like windows, so weeks start on its weekday, Thursday.
  return floor_divide(local_ns, unit.nanoseconds) * unit.nanoseconds;
}

Result<Value> truncate(CallContext& context, const Arguments& arguments) {
  if (!arguments.has("t")) return Value();
  WEIR_TRY(Moment moment, read_moment(context, arguments));
  WEIR_TRY(Duration unit, arguments.duration("unit"));
  WEIR_TRY(int64_t local, truncated(moment.local_ns, unit));
  return Value::of_time(moment.zone.to_utc(local));
}

// Days and longer move the clock on the wall, so that 1d is 23 or 25 hours when it must be.
Result<Value> shifted(CallContext& context, const Arguments& arguments, bool forwards) {
  std::string_view start = forwards ? "to" : "from";
  if (!arguments.has(start)) return Value();
  WEIR_TRY(Zone zone, read_zone(context, arguments));
  WEIR_TRY(int64_t ns, arguments.time_or_relative_ns(context, start));
  WEIR_TRY(Duration d, arguments.duration("d"));
  if (!forwards) d = d.negated();
  constexpr int64_t kDay = 86'400 * kSecond;
  Duration calendar{d.months, d.nanoseconds / kDay * kDay, d.negative};
  Duration clock{0, d.nanoseconds % kDay, d.negative};
  if (!calendar.is_zero()) {
    WEIR_TRY(int64_t local, add(zone.to_local(ns), calendar));
    ns = zone.to_utc(local);
  }
  WEIR_TRY(int64_t moved, add(ns, clock));
  return Value::of_time(moved);
}

void add_shifting(Registry& registry, std::string_view package, std::string_view name,
                  bool forwards) {
  std::string to = forwards ? "to" : "from";
  registry.add_function(package, name,
                        "(d: duration, " + to + ": time|duration, ?location: record)",
                        [forwards](CallContext& context, const Arguments& arguments) {
                          return shifted(context, arguments, forwards);
                        });
}

Result<Value> scale(CallContext&, const Arguments& arguments) {
  WEIR_TRY(Duration d, arguments.duration("d"));
  WEIR_TRY(int64_t n, arguments.integer("n"));
  WEIR_TRY(Duration product, multiply(d, n));
  return Value::of_duration(product);
}

Result<Value> as_time(CallContext& context, const Arguments& arguments) {
  WEIR_TRY(int64_t ns, arguments.time_or_relative_ns(context, "t"));
  return Value::of_time(ns);
}

void add_names(Registry& registry) {
  constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
  constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
  int64_t number = 0;
  for (std::string_view day : kDays) registry.add_value(kDate, day, Value::of_int(number++));
  number = 1;
  for (std::string_view month : kMonths) registry.add_value(kDate, month, Value::of_int(number++));
}

Value zone_record(std::string name, Duration offset) {
  Record record;
  record.set("zone", Value::of_string(std::move(name)));
  record.set("offset", Value::of_duration(offset));
  return Value::of_record(std::move(record));
}

}  // namespace

void add_date(Registry& registry) {
  add_field(registry, "year", [](const CivilTime& c) { return c.year; });
  add_field(registry, "quarter", [](const CivilTime& c) -> int64_t { return (c.month + 2) / 3; });
  add_field(registry, "month", [](const CivilTime& c) -> int64_t { return c.month; });
  add_field(registry, "week", iso_week);
  add_field(registry, "weekDay", [](const CivilTime& c) { return week_day(days_of(c)); });
  add_field(registry, "monthDay", [](const CivilTime& c) -> int64_t { return c.day; });
  add_field(registry, "yearDay",
            [](const CivilTime& c) { return days_of(c) - days_from_civil(c.year, 1, 1) + 1; });
  add_field(registry, "hour", [](const CivilTime& c) -> int64_t { return c.hour; });
  add_field(registry, "minute", [](const CivilTime& c) -> int64_t { return c.minute; });
  add_field(registry, "second", [](const CivilTime& c) -> int64_t { return c.second; });
  add_field(registry, "millisecond", [](const CivilTime& c) { return c.nanosecond / 1'000'000; });
  add_field(registry, "microsecond", [](const CivilTime& c) { return c.nanosecond / 1'000; });
  add_field(registry, "nanosecond", [](const CivilTime& c) { return c.nanosecond; });
  registry.add_function(kDate, "truncate", "(t: time|duration, unit: duration, ?location: record)",
                        truncate);
  registry.add_function(kDate, "time", "(t: time|duration, ?location: record)", as_time);
  registry.add_function(kDate, "scale", "(d: duration, n: int)", scale);
  add_shifting(registry, kDate, "add", true);
  add_shifting(registry, kDate, "sub", false);
  add_shifting(registry, "experimental", "addDuration", true);
  add_shifting(registry, "experimental", "subDuration", false);
  add_names(registry);
}

void add_timezone(Registry& registry) {
  registry.add_value("timezone", "utc", zone_record("UTC", {}));
  registry.add_function("timezone", "location", "(name: string)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(std::string name, arguments.string("name"));
                          WEIR_CHECK(Zone::named(name));
                          return zone_record(std::move(name), {});
                        });
  registry.add_function("timezone", "fixed", "(offset: duration)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(Duration offset, arguments.duration("offset"));
                          return zone_record("UTC", offset);
                        });
}

}  // namespace weir::query::flux
