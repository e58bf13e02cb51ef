#include "query/flux/calendar.h"
#include "query/flux/interpreter.h"
#include "query/flux/stdlib/stdlib.h"
#include "query/flux/zone.h"

namespace weir::query::flux {
namespace {

Result<Value> now(CallContext& context, const Arguments&) {
  return Value::of_time(context.interpreter().default_now_ns());
}

Result<Value> today(CallContext& context, const Arguments&) {
  WEIR_TRY(int64_t ns, context.now_ns());
  WEIR_TRY(Zone zone, Zone::of(context.option("universe", "location")));
  CivilTime civil = civil_from_ns(zone.to_local(ns));
  civil.hour = civil.minute = civil.second = 0;
  civil.nanosecond = 0;
  WEIR_TRY(int64_t midnight, ns_from_civil(civil));
  return Value::of_time(zone.to_utc(midnight));
}

Result<Value> length(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Array* elements, arguments.array("arr"));
  return Value::of_int(static_cast<int64_t>(elements->size()));
}

Result<Value> contains(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Array* set, arguments.array("set"));
  const Value& wanted = arguments.raw("value");
  for (const Value& element : *set)
    if (equals(element, wanted)) return Value::of_bool(true);
  return Value::of_bool(false);
}

Result<Value> display(CallContext&, const Arguments& arguments) {
  return Value::of_string(to_display(arguments.raw("v")));
}

Result<Value> die(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string message, arguments.string("msg"));
  return Error{Errc::invalid, std::move(message)};
}

}  // namespace

void add_universe(Registry& registry) {
  registry.add_value("universe", "true", Value::of_bool(true));
  registry.add_value("universe", "false", Value::of_bool(false));
  registry.add_option("universe", "now", make_native("universe", "now", "()", now));
  registry.add_function("universe", "today", "()", today);
  registry.add_function("universe", "length", "(<-arr: array)", length);
  registry.add_function("universe", "contains", "(value, set: array)", contains);
  registry.add_function("universe", "display", "(v)", display);
  registry.add_function("universe", "die", "(msg: string)", die);
  // The zone windows and date functions use: {zone, offset}, see the package timezone.
  Record utc;
  utc.set("zone", Value::of_string("UTC"));
  utc.set("offset", Value::of_duration({}));
  registry.add_option("universe", "location", Value::of_record(std::move(utc)));
}

void add_scalar_packages(Registry& registry) {
  add_universe(registry);
  add_conversions(registry);
  add_strings(registry);
  add_math(registry);
  add_regexp(registry);
  add_date(registry);
  add_timezone(registry);
  add_array(registry);
  add_dict(registry);
  add_system(registry);
  add_bitwise(registry);
  add_math_special(registry);
  add_json(registry);
  add_hash(registry);
  add_hex(registry);
  add_geo(registry);
  add_http(registry);
  add_notifications(registry);
  add_contributed_notifications(registry);
}

}  // namespace weir::query::flux
