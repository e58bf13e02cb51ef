// Leaf: one value inside a payload, before it has a field's type.
//
// Text is viewed, not owned. convert() is the one place that decides what becomes of a value:
// numbers are floats, texts stay texts, booleans booleans, unless a rule's `types` says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/rule.h"
#include "model/value.h"

namespace weir::ingest {

struct Leaf {
  enum class Kind : uint8_t { null, boolean, integer, unsigned_integer, number, text };
  Kind kind = Kind::null;
  bool boolean = false;
  int64_t integer = 0;
  uint64_t unsigned_integer = 0;  // above the range of `integer`
  double number = 0;
  std::string_view text;

  static Leaf of_bool(bool v);
  static Leaf of_integer(int64_t v);
  static Leaf of_unsigned(uint64_t v);
  static Leaf of_number(double v);
  static Leaf of_text(std::string_view v);
};

// As a tag's value or a string field shows it: 77, 21.5, true, the text itself. Empty for null.
std::string leaf_text(const Leaf& leaf);

// The field's value; nothing if the leaf cannot be of that type, or is null. `conversion` may be
// null. A string value views the leaf's text, or `scratch` if it had to be made.
std::optional<model::FieldValue> convert(const Leaf& leaf, const FieldConversion* conversion,
                                         std::string& scratch);

// What a payload that is one plain value says: a number, true, false, or its text. Surrounding
// blanks and NUL bytes are dropped; nan, inf and null are no value.
Leaf read_plain(std::string_view payload);

// Whether the bytes are text at all: valid UTF-8 without control characters but tab and line ends.
bool is_plain_text(std::string_view bytes);

}  // namespace weir::ingest
