// pagerduty.dedupKey(): adds a column with the hash of the table's group key, the same for every
// query about the same thing.
#include <algorithm>

#include "base/digest.h"
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

constexpr std::string_view kLabel = "_pagerdutyDedupKey";

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Result<std::string> dedup_key_of(const GroupKey& key, const std::vector<std::string>& exclude) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const GroupKey::Entry& entry : key.entries()) {
    if (std::find(exclude.begin(), exclude.end(), entry.label) != exclude.end()) continue;
    const flux::Value value = to_value(entry.value);
    std::string text;
    if (!value.is_null()) {
      WEIR_TRY(text, flux::to_text(value));
    }
    parts.emplace_back(entry.label, std::move(text));
  }
  std::sort(parts.begin(), parts.end());
  std::string whole;
  for (const auto& [label, text] : parts) whole += label + "\n" + text + "\n";
  return hexadecimal(sha256(whole));
}

Result<Operation> dedup_key(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::vector<std::string> exclude,
           arguments.strings_or("exclude", {"_start", "_stop", "_level"}));
  return per_whole_table(
      [exclude = std::move(exclude)](const Table& table, Chunk chunk) -> Result<TablePtr> {
        WEIR_TRY(const std::string hash, dedup_key_of(table.key(), exclude));
        ColumnBuilder values(ColumnType::string);
        for (size_t row = 0; row < chunk.rows; ++row) values.append_text(hash);
        Columns columns = table.columns();
        if (const std::optional<size_t> at = table.find(kLabel)) {
          columns[*at].type = ColumnType::string;
          chunk.columns[*at] = values.finish();
        } else {
          columns.push_back({std::string(kLabel), ColumnType::string});
          chunk.columns.push_back(values.finish());
        }
        return make_table(table.key(), std::move(columns), std::move(chunk));
      });
}

}  // namespace

void register_dedup_key(Registry& registry) {
  add_operation(registry, "pagerduty", "dedupKey", "(<-tables: stream, ?exclude: array)",
                dedup_key);
}

}  // namespace weir::query
