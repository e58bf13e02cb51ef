// buckets(): the buckets that the caller may read, one row each.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

Result<TablePtr> bucket_table(ExecContext& context) {
  Columns columns{{"name", ColumnType::string},
                  {"id", ColumnType::string},
                  {"organizationID", ColumnType::string},
                  {"retentionPolicy", ColumnType::string},
                  {"retentionPeriod", ColumnType::integer}};
  std::vector<ColumnBuilder> builders;
  for (const ColumnInfo& column : columns) builders.emplace_back(column.type);
  GroupKey key;
  std::vector<BucketInfo> buckets = context.catalog.buckets();
  for (const BucketInfo& bucket : buckets) {
    builders[0].append_text(bucket.name);
    builders[1].append_text(id_to_text(bucket.id));
    builders[2].append_text(id_to_text(bucket.org));
    builders[3].append_null();
    builders[4].append_int(bucket.retention_ns);
    if (key.entries().empty()) key.add("organizationID", Scalar::of_string(id_to_text(bucket.org)));
  }
  Chunk chunk;
  chunk.rows = buckets.size();
  for (ColumnBuilder& builder : builders) chunk.columns.push_back(builder.finish());
  return make_table(std::move(key), std::move(columns), std::move(chunk));
}

Result<Source> buckets(CallContext&, const Arguments& arguments) {
  for (std::string_view name : {"host", "org", "orgID", "token"})
    if (arguments.has(name))
      return unsupported("buckets: reading another server (" + std::string(name) + ")");
  auto make = [](ExecContext& context) -> Result<CursorPtr> {
    std::vector<TablePtr> tables;
    WEIR_TRY(TablePtr table, bucket_table(context));
    tables.push_back(std::move(table));
    return cursor_of(std::move(tables));
  };
  return Source{std::move(make)};
}

}  // namespace

void register_buckets(Registry& registry) {
  constexpr std::string_view kSignature =
      "(?host: string, ?org: string, ?orgID: string, ?token: string)";
  add_source(registry, "universe", "buckets", kSignature, buckets);
  add_source(registry, "influxdata/influxdb", "buckets", kSignature, buckets);
}

}  // namespace weir::query
