// from(): the points of a bucket. What it reads is decided by the range() and filters above it
// (plan/push_down.h); alone it is an unbounded read, which is refused.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

Result<Source> from(CallContext&, const Arguments& arguments) {
  for (std::string_view name : {"host", "org", "orgID", "token"})
    if (arguments.has(name))
      return unsupported("from: reading another server (" + std::string(name) + ")");
  FromSpec spec;
  if (arguments.has("bucket") == arguments.has("bucketID"))
    return invalid("must specify exactly one of bucket or bucketID");
  spec.by_id = arguments.has("bucketID");
  WEIR_TRY(spec.bucket, arguments.string(spec.by_id ? "bucketID" : "bucket"));
  auto make = [bucket = spec.bucket](ExecContext&) -> Result<CursorPtr> {
    return invalid(
        "error in building plan while starting program: cannot submit unbounded read to \"" +
        bucket + "\"; try bounding 'from' with a call to 'range'");
  };
  return Source{std::move(make), std::move(spec)};
}

}  // namespace

void register_from(Registry& registry) {
  constexpr std::string_view kSignature =
      "(?bucket: string, ?bucketID: string, ?host: string, ?org: string, ?orgID: string, "
      "?token: string)";
  add_source(registry, "universe", "from", kSignature, from);
  add_source(registry, "influxdata/influxdb", "from", kSignature, from);
}

}  // namespace weir::query
