// Reading CSV into tables: annotated CSV as InfluxDB writes it, or raw CSV as text.
//
// Annotated: blocks of annotation rows (#datatype, #group, #default, in any order) and a header; a
// table ends where the value of its `table` column changes; an empty field takes the #default, else
// it is null. The columns before the first data column (annotation, result, table) are not kept.
// Raw: one table, all columns strings.
// Errors (Errc::invalid) name the line. Spec: InfluxDB "Annotated CSV", RFC 4180.
#pragma once

#include <string_view>
#include <vector>

#include "query/exec/table.h"

namespace weir::query {

Result<std::vector<TablePtr>> read_annotated_csv(ExecContext& context, std::string_view text);
Result<std::vector<TablePtr>> read_raw_csv(ExecContext& context, std::string_view text);

}  // namespace weir::query
