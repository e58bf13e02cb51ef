// Package sampledata: the small data sets that the documentation of Flux uses, two tables of six
// rows, ten seconds apart.
#include <array>

#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

constexpr int64_t kStart = 1'609'459'200'000'000'000;  // 2021-01-01T00:00:00Z
constexpr int64_t kStep = 10'000'000'000;
constexpr size_t kRows = 6;
constexpr const char* kTags[] = {"t1", "t2"};

template <class T>
using Samples = std::array<std::array<T, kRows>, 2>;

constexpr Samples<double> kFloats = {
    {{-2.18, 10.92, 7.35, 17.53, 15.23, 4.43}, {19.85, 4.97, -3.75, 19.77, 13.86, 1.86}}};
constexpr Samples<const char*> kStrings = {
    {{"smpl_g9qczs", "smpl_0mgv9n", "smpl_phw664", "smpl_guvzy4", "smpl_5v3cce", "smpl_s9fmgy"},
     {"smpl_b5eida", "smpl_eu4oxp", "smpl_5g7tz4", "smpl_sox1ut", "smpl_wfm757", "smpl_dtn2bv"}}};
constexpr Samples<bool> kBooleans = {
    {{true, true, false, true, false, false}, {false, true, false, true, true, false}}};
// Which values includeNull leaves out.
constexpr Samples<bool> kNulls = {
    {{false, true, false, true, true, false}, {true, false, false, false, true, false}}};

using Sample = Scalar (*)(size_t table, size_t row);

Scalar sample_float(size_t table, size_t row) { return Scalar::of_float(kFloats[table][row]); }
Scalar sample_int(size_t table, size_t row) {
  return Scalar::of_int(static_cast<int64_t>(kFloats[table][row]));
}
Scalar sample_uint(size_t table, size_t row) {
  return Scalar::of_uint(static_cast<uint64_t>(static_cast<int64_t>(kFloats[table][row])));
}
Scalar sample_string(size_t table, size_t row) { return Scalar::of_string(kStrings[table][row]); }
Scalar sample_bool(size_t table, size_t row) { return Scalar::of_bool(kBooleans[table][row]); }
Scalar sample_numeric(size_t table, size_t row) {
  return Scalar::of_int(kBooleans[table][row] ? 1 : 0);
}

std::vector<TablePtr> sample_tables(Sample sample, bool nulls) {
  std::vector<TablePtr> tables;
  for (size_t table = 0; table < 2; ++table) {
    ColumnType type = sample(table, 0).type();
    ColumnBuilder times(ColumnType::time), values(type);
    for (size_t row = 0; row < kRows; ++row) {
      times.append_int(kStart + static_cast<int64_t>(row) * kStep);
      nulls&& kNulls[table][row] ? values.append_null() : values.append(sample(table, row));
    }
    Scalar tag = Scalar::of_string(kTags[table]);
    Chunk chunk;
    chunk.rows = kRows;
    chunk.columns = {times.finish(), constant_column(tag, kRows), values.finish()};
    GroupKey key;
    key.add("tag", std::move(tag));
    Columns columns = {{"_time", ColumnType::time}, {"tag", ColumnType::string}, {"_value", type}};
    tables.push_back(make_table(std::move(key), std::move(columns), std::move(chunk)));
  }
  return tables;
}

}  // namespace

void register_sampledata(Registry& registry) {
  constexpr std::string_view kPackage = "sampledata";
  const std::pair<std::string_view, Sample> samples[] = {
      {"float", sample_float},   {"int", sample_int},   {"uint", sample_uint},
      {"string", sample_string}, {"bool", sample_bool}, {"numericBool", sample_numeric}};
  for (const auto& [name, sample] : samples) {
    add_source(registry, kPackage, name, "(?includeNull: bool)",
               [sample = sample](CallContext&, const Arguments& arguments) -> Result<Source> {
                 WEIR_TRY(bool nulls, arguments.boolean_or("includeNull", false));
                 return Source{[sample, nulls](ExecContext&) -> Result<CursorPtr> {
                   return cursor_of(sample_tables(sample, nulls));
                 }};
               });
  }
  registry.add_value(kPackage, "start", flux::Value::of_time(kStart));
  registry.add_value(kPackage, "stop", flux::Value::of_time(kStart + kRows * kStep));
}

}  // namespace weir::query
