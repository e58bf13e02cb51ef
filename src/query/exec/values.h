// Between the language's values (flux::Value) and those of tables (Scalar, columns).
//
// A column holds bool, int, uint, float, string and time; other values fail with Errc::invalid. A
// null becomes a null of whatever type the column has.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/exec/table.h"
#include "query/flux/value.h"

namespace weir::query {

flux::Value to_value(const Scalar& scalar);
flux::Value value_at(const Column& column, size_t row);
// One row as the record that lambdas see; nulls are present as null properties.
flux::Record record_at(const Columns& columns, const Chunk& chunk, size_t row);

flux::ValueType value_type_of(ColumnType type);
// The column type that holds such a value; nothing for null and for what columns cannot hold.
std::optional<ColumnType> column_type_of(flux::ValueType type);
// `label` is for the message.
Result<Scalar> to_scalar(const flux::Value& value, std::string_view label);

// Collects values whose type the first that is not null decides.
class ValueColumnBuilder {
 public:
  ValueColumnBuilder(std::string_view label, MemoryTracker* tracker)
      : label_(label), tracker_(tracker) {}
  // Errc::invalid if the type differs from that of earlier values.
  Result<void> append(const flux::Value& value);
  size_t bytes() const { return builder_ ? builder_->bytes() : 0; }
  // Null if every value was a null of no known type: such a column has no type either.
  ColumnPtr finish();

 private:
  std::string label_;
  MemoryTracker* tracker_;
  std::optional<ColumnBuilder> builder_;
  std::optional<ColumnType> null_type_;  // of the first null that has one
  size_t leading_nulls_ = 0;
};

}  // namespace weir::query
