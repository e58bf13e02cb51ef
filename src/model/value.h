// A field's type and value, as line protocol and the store know them.
//
// FieldValue is 16 bytes and does not own its text: a string value views memory of the PointBatch
// or chunk it came from.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::model {

// Stored on disk (docs/format.md): do not renumber.
enum class FieldType : uint8_t { float64 = 1, int64 = 2, uint64 = 3, boolean = 4, string = 5 };

// As InfluxDB's messages spell it: float, integer, unsigned, boolean, string.
std::string_view to_string(FieldType type);

class FieldValue {
 public:
  static FieldValue of_float(double v) {
    return FieldValue(FieldType::float64, std::bit_cast<uint64_t>(v));
  }
  static FieldValue of_int(int64_t v) {
    return FieldValue(FieldType::int64, std::bit_cast<uint64_t>(v));
  }
  static FieldValue of_uint(uint64_t v) { return FieldValue(FieldType::uint64, v); }
  static FieldValue of_bool(bool v) { return FieldValue(FieldType::boolean, v ? 1 : 0); }
  static FieldValue of_string(std::string_view v) {
    FieldValue value(FieldType::string, std::bit_cast<uint64_t>(v.data()));
    value.text_size_ = static_cast<uint32_t>(v.size());
    return value;
  }

  FieldType type() const { return type_; }
  double as_float() const { return std::bit_cast<double>(bits_); }
  int64_t as_int() const { return std::bit_cast<int64_t>(bits_); }
  uint64_t as_uint() const { return bits_; }
  bool as_bool() const { return bits_ != 0; }
  std::string_view as_string() const { return {std::bit_cast<const char*>(bits_), text_size_}; }
  // The 64 bits of a number or boolean, whatever its type: what columns store.
  uint64_t bits() const { return bits_; }

  // Same type and same bits (text for strings); NaN equals itself, -0.0 differs from 0.0.
  friend bool operator==(const FieldValue& a, const FieldValue& b) {
    if (a.type_ != b.type_) return false;
    return a.type_ == FieldType::string ? a.as_string() == b.as_string() : a.bits_ == b.bits_;
  }

 private:
  FieldValue(FieldType type, uint64_t bits) : bits_(bits), type_(type) {}
  uint64_t bits_;
  uint32_t text_size_ = 0;
  FieldType type_;
};
static_assert(sizeof(FieldValue) == 16);

}  // namespace weir::model
