// What the columns of an annotated CSV mean, and how a row becomes a line.
//
// Two dialects are one here. `influx write --format csv` says by #datatype which column is the
// measurement, a tag, the time, or a field of some type; #constant adds columns, #default fills
// empty cells, #timezone is refused unless it is UTC, "label|type|default" in the header does
// without annotations. What a query answers names them: _measurement, _time, _field with _value;
// #group makes the others tags or, where false, fields. result, table, _start and _stop are passed
// over (InfluxDB's documentation, "Annotated CSV" and "Extended annotated CSV"). One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::server {

using CsvCells = std::vector<std::string>;

// Annotations of one section, as they stand above its header.
struct CsvAnnotations {
  CsvCells types, groups, defaults;
  std::vector<CsvCells> constants;

  // Takes a row that begins with '#'; a comment is passed over.
  Result<void> add(CsvCells row);
};

class CsvColumns {
 public:
  // Errors name the column: "column 3 (temp): ...".
  static Result<CsvColumns> make(const CsvAnnotations& annotations, const CsvCells& header);

  // Appends the row's line with its line break. False for a row without a value.
  Result<bool> append_line(std::string& out, const CsvCells& row) const;

 private:
  enum class Role : uint8_t { ignored, measurement, tag, field, time, field_name, field_value };
  struct Column {
    Role role = Role::ignored;
    std::string type;  // of a value or a time: "double", "dateTime:RFC3339", ...
    std::string label;
    std::string fallback;  // for an empty cell
    bool is_constant = false;
  };
  static Result<Column> make_column(std::string_view type, std::string_view group,
                                    std::string label, std::string fallback);
  Result<void> check() const;
  static Result<void> append_value(std::string& out, const Column& column, const std::string& text);
  static Result<int64_t> time_of(const Column& column, const std::string& text);
  std::string_view cell(const CsvCells& row, size_t i) const;

  std::vector<Column> columns_;
};

}  // namespace weir::server
