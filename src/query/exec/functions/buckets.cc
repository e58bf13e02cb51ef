// buckets(): the buckets that the caller may read, one row each; v1.databases(): the same as
// InfluxDB 1 names them, "database/policy".
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

Result<TablePtr> database_table(ExecContext& context) {
  ColumnBuilder organization(ColumnType::string), database(ColumnType::string),
      policy(ColumnType::string), period(ColumnType::integer), is_default(ColumnType::boolean),
      id(ColumnType::string);
  GroupKey key;
  std::vector<BucketInfo> buckets = context.catalog.buckets();
  for (const BucketInfo& bucket : buckets) {
    std::string_view name = bucket.name;
    size_t slash = name.find('/');
    bool named = slash != std::string_view::npos;
    organization.append_text(id_to_text(bucket.org));
    database.append_text(name.substr(0, slash));
    policy.append_text(named ? name.substr(slash + 1) : "autogen");
    period.append_int(bucket.retention_ns);
    is_default.append_bool(!named);
    id.append_text(id_to_text(bucket.id));
    if (key.entries().empty()) key.add("organizationID", Scalar::of_string(id_to_text(bucket.org)));
  }
  Columns columns{{"organizationID", ColumnType::string},  {"databaseName", ColumnType::string},
                  {"retentionPolicy", ColumnType::string}, {"retentionPeriod", ColumnType::integer},
                  {"default", ColumnType::boolean},        {"bucketID", ColumnType::string}};
  Chunk chunk;
  chunk.rows = buckets.size();
  for (ColumnBuilder* builder : {&organization, &database, &policy, &period, &is_default, &id})
    chunk.columns.push_back(builder->finish());
  return make_table(std::move(key), std::move(columns), std::move(chunk));
}

Result<Source> databases(CallContext&, const Arguments& arguments) {
  for (std::string_view name : {"host", "org", "orgID", "token"})
    if (arguments.has(name))
      return unsupported("databases: reading another server (" + std::string(name) + ")");
  auto make = [](ExecContext& context) -> Result<CursorPtr> {
    std::vector<TablePtr> tables;
    WEIR_TRY(TablePtr table, database_table(context));
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
  add_source(registry, "influxdata/influxdb/v1", "databases", kSignature, databases);
}

}  // namespace weir::query
