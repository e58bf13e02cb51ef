#include "query/exec/values.h"

#include <string>

namespace weir::query {

using flux::Value;
using flux::ValueType;

flux::Value value_at(const Column& column, size_t row) {
  if (!column.is_valid(row)) return Value::null_of(value_type_of(column.type));
  switch (column.type) {
    case ColumnType::boolean:
      return Value::of_bool(column.bool_at(row));
    case ColumnType::integer:
      return Value::of_int(column.int_at(row));
    case ColumnType::unsigned_integer:
      return Value::of_uint(column.word(row));
    case ColumnType::floating:
      return Value::of_float(column.float_at(row));
    case ColumnType::string:
      return Value::of_string(std::string(column.text(row)));
    case ColumnType::time:
      return Value::of_time(column.int_at(row));
  }
  return Value();
}

flux::Value to_value(const Scalar& scalar) { return value_at(*constant_column(scalar, 1), 0); }

flux::Record record_at(const Columns& columns, const Chunk& chunk, size_t row) {
  std::vector<flux::Record::Property> properties;
  properties.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i)
    properties.emplace_back(columns[i].label, value_at(*chunk.columns[i], row));
  return flux::Record(std::move(properties));
}

ValueType value_type_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return ValueType::boolean;
    case ColumnType::integer:
      return ValueType::integer;
    case ColumnType::unsigned_integer:
      return ValueType::unsigned_integer;
    case ColumnType::floating:
      return ValueType::floating;
    case ColumnType::string:
      return ValueType::string;
    case ColumnType::time:
      return ValueType::time;
  }
  return ValueType::null;
}

std::optional<ColumnType> column_type_of(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return ColumnType::boolean;
    case ValueType::integer:
      return ColumnType::integer;
    case ValueType::unsigned_integer:
      return ColumnType::unsigned_integer;
    case ValueType::floating:
      return ColumnType::floating;
    case ValueType::string:
      return ColumnType::string;
    case ValueType::time:
      return ColumnType::time;
    default:
      return std::nullopt;
  }
}

Result<Scalar> to_scalar(const Value& value, std::string_view label) {
  switch (value.type()) {
    case ValueType::null: {
      std::optional<ColumnType> type = column_type_of(value.null_type());
      return type ? Scalar::null_of(*type) : Scalar();
    }
    case ValueType::boolean:
      return Scalar::of_bool(value.as_bool());
    case ValueType::integer:
      return Scalar::of_int(value.as_int());
    case ValueType::unsigned_integer:
      return Scalar::of_uint(value.as_uint());
    case ValueType::floating:
      return Scalar::of_float(value.as_float());
    case ValueType::string:
      return Scalar::of_string(value.as_string());
    case ValueType::time:
      return Scalar::of_time(value.as_time_ns());
    default:
      break;
  }
  return Error{Errc::invalid, "column \"" + std::string(label) + "\" cannot hold a value of type " +
                                  std::string(value.type_name())};
}

Result<void> ValueColumnBuilder::append(const Value& value) {
  if (value.is_null()) {
    if (!builder_) {
      if (!null_type_) null_type_ = column_type_of(value.null_type());
      ++leading_nulls_;
    } else {
      builder_->append_null();
    }
    return {};
  }
  WEIR_TRY(Scalar scalar, to_scalar(value, label_));
  if (!builder_) {
    builder_.emplace(scalar.type(), tracker_);
    for (size_t i = 0; i < leading_nulls_; ++i) builder_->append_null();
  }
  if (builder_->type() != scalar.type()) {
    return Error{Errc::invalid,
                 "column \"" + label_ + "\" is " + std::string(to_string(builder_->type())) +
                     " in some rows and " + std::string(to_string(scalar.type())) + " in others"};
  }
  builder_->append(scalar);
  return {};
}

ColumnPtr ValueColumnBuilder::finish() {
  if (builder_) return builder_->finish();
  return null_type_ ? null_column(*null_type_, leading_nulls_) : nullptr;
}

}  // namespace weir::query
