#include "query/flux/value.h"

#include <re2/re2.h>

#include <array>
#include <charconv>
#include <cmath>

#include "query/flux/calendar.h"
#include "query/flux/function.h"

namespace weir::query::flux {
namespace {

// Go's 'f' format, -1: the shortest digits that read back the same, never an exponent.
std::string float_text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  std::array<char, 400> buffer;  // 1.8e308 has 309 digits, 5e-324 has 324 places
  auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::fixed);
  return std::string(buffer.data(), end.ptr);
}

std::string base16(const std::string& data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (char c : data) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Appends items as "a, b", breaking nothing: display() of a deep value is bounded by the tree that
// made it.
template <class Items, class Print>
std::string joined(std::string_view open, const Items& items, std::string_view close, Print print) {
  std::string text(open);
  bool first = true;
  for (const auto& item : items) {
    if (!first) text += ", ";
    first = false;
    text += print(item);
  }
  return text + std::string(close);
}

}  // namespace

Record::Record(std::vector<Property> properties) : properties_(std::move(properties)) {}

void Record::set(std::string_view name, Value value) {
  for (Property& property : properties_)
    if (property.first == name) {
      property.second = std::move(value);
      return;
    }
  properties_.emplace_back(std::string(name), std::move(value));
}

const Value* Record::find(std::string_view name) const {
  for (const Property& property : properties_)
    if (property.first == name) return &property.second;
  return nullptr;
}

namespace {

// What a Value holds of the three kinds that contain values: all are made here, so all have this.
template <class Container>
struct Measured : Container {
  explicit Measured(Container container) : Container(std::move(container)) {}
  Value::Extent extent;
  void add(const Value& value) {
    Value::Extent inner = value.extent();
    extent.depth = std::max(extent.depth, inner.depth + 1);
    if (__builtin_add_overflow(extent.values, inner.values, &extent.values))
      extent.values = UINT64_MAX;
  }
};

}  // namespace

Value Value::of_array(Array v) {
  auto held = std::make_shared<Measured<Array>>(std::move(v));
  for (const Value& element : *held) held->add(element);
  return Value(Storage(std::shared_ptr<const Array>(std::move(held))));
}
Value Value::of_record(Record v) {
  auto held = std::make_shared<Measured<Record>>(std::move(v));
  for (const Record::Property& property : held->properties()) held->add(property.second);
  return Value(Storage(std::shared_ptr<const Record>(std::move(held))));
}
Value Value::of_dictionary(Dictionary v) {
  auto held = std::make_shared<Measured<Dictionary>>(std::move(v));
  for (const auto& [key, value] : *held) held->add(value);
  return Value(Storage(std::shared_ptr<const Dictionary>(std::move(held))));
}

Value::Extent Value::extent() const {
  switch (type()) {
    case ValueType::array:
      return static_cast<const Measured<Array>&>(as_array()).extent;
    case ValueType::record:
      return static_cast<const Measured<Record>&>(as_record()).extent;
    case ValueType::dictionary:
      return static_cast<const Measured<Dictionary>&>(as_dictionary()).extent;
    default:
      return {};
  }
}

std::string_view to_string(ValueType type) {
  constexpr std::array<std::string_view, 17> kNames = {
      "null",       "bool",     "int",    "uint",    "float",    "string",
      "time",       "duration", "regexp", "bytes",   "array",    "object",
      "dictionary", "function", "stream", "package", "extension"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view Value::type_name() const {
  return is(ValueType::extension) ? as_extension()->type_name() : to_string(type());
}

bool ValueLess::operator()(const Value& a, const Value& b) const {
  if (a.type() != b.type()) return a.type() < b.type();
  switch (a.type()) {
    case ValueType::boolean:
      return a.as_bool() < b.as_bool();
    case ValueType::integer:
      return a.as_int() < b.as_int();
    case ValueType::unsigned_integer:
      return a.as_uint() < b.as_uint();
    case ValueType::floating:
      return a.as_float() < b.as_float();
    case ValueType::string:
      return a.as_string() < b.as_string();
    case ValueType::time:
      return a.as_time_ns() < b.as_time_ns();
    case ValueType::duration: {
      const Duration &x = a.as_duration(), &y = b.as_duration();
      return std::pair(x.signed_months(), x.signed_ns()) <
             std::pair(y.signed_months(), y.signed_ns());
    }
    default:
      return false;
  }
}

Result<Value> compile_regexp(std::string_view pattern) {
  constexpr size_t kShownBytes = 200;  // of a pattern in a message
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);  // RE2's default; a larger pattern is refused, not slow
  auto compiled =
      std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok())
    return Error{Errc::invalid, "invalid regular expression /" +
                                    std::string(pattern.substr(0, kShownBytes)) +
                                    "/: " + compiled->error().substr(0, kShownBytes)};
  return Value::of_regexp(std::move(compiled));
}

bool equals(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::null:
      return true;
    case ValueType::boolean:
      return a.as_bool() == b.as_bool();
    case ValueType::integer:
      return a.as_int() == b.as_int();
    case ValueType::unsigned_integer:
      return a.as_uint() == b.as_uint();
    case ValueType::floating:
      return a.as_float() == b.as_float();
    case ValueType::string:
      return a.as_string() == b.as_string();
    case ValueType::time:
      return a.as_time_ns() == b.as_time_ns();
    case ValueType::duration:
      return a.as_duration() == b.as_duration();
    case ValueType::regexp:
      return a.as_regexp().pattern() == b.as_regexp().pattern();
    case ValueType::bytes:
      return a.as_bytes() == b.as_bytes();
    case ValueType::array: {
      const Array &x = a.as_array(), &y = b.as_array();
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), equals);
    }
    case ValueType::record: {
      const Record &x = a.as_record(), &y = b.as_record();
      if (x.size() != y.size()) return false;
      for (const auto& [name, value] : x.properties()) {
        const Value* other = y.find(name);
        if (other == nullptr || !equals(value, *other)) return false;
      }
      return true;
    }
    case ValueType::dictionary: {
      const Dictionary &x = a.as_dictionary(), &y = b.as_dictionary();
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](auto& p, auto& q) {
        return equals(p.first, q.first) && equals(p.second, q.second);
      });
    }
    case ValueType::function:
      return a.function() == b.function();
    case ValueType::stream:
      return a.as_stream() == b.as_stream();
    case ValueType::package:
      return &a.as_package() == &b.as_package();
    case ValueType::extension:
      return a.as_extension() == b.as_extension();
  }
  return false;
}

Result<std::string> to_text(const Value& value) {
  switch (value.type()) {
    case ValueType::boolean:
      return std::string(value.as_bool() ? "true" : "false");
    case ValueType::integer:
      return std::to_string(value.as_int());
    case ValueType::unsigned_integer:
      return std::to_string(value.as_uint());
    case ValueType::floating:
      return float_text(value.as_float());
    case ValueType::string:
      return value.as_string();
    case ValueType::time:
      return format_time_nanos(value.as_time_ns());
    case ValueType::duration:
      return to_string(value.as_duration());
    case ValueType::regexp:
      return value.as_regexp().pattern();
    case ValueType::bytes:
      return value.as_bytes();
    default:
      return Error{Errc::invalid,
                   "cannot convert " + std::string(value.type_name()) + " to string"};
  }
}

std::string to_display(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return "<null>";
    case ValueType::bytes:
      return base16(value.as_bytes());
    case ValueType::array:
      return joined("[", value.as_array(), "]", to_display);
    case ValueType::record:
      return joined("{", value.as_record().properties(), "}", [](const Record::Property& p) {
        return p.first + ": " + to_display(p.second);
      });
    case ValueType::dictionary:
      if (value.as_dictionary().empty()) return "[:]";
      return joined("[", value.as_dictionary(), "]", [](const auto& p) {
        return to_display(p.first) + ": " + to_display(p.second);
      });
    case ValueType::function: {
      std::string text =
          joined("(", value.as_function().parameters(), ") => A", [](const Parameter& p) {
            return (p.pipe ? "<-" : p.kind == ParameterKind::optional ? "?" : "") + p.name + ": A";
          });
      return text;
    }
    case ValueType::extension:
      if (const Value* inner = value.as_extension()->wrapped())
        return "dynamic(" + to_display(*inner) + ")";
      return "<" + std::string(value.type_name()) + ">";
    case ValueType::stream:
    case ValueType::package:
      return "<" + std::string(value.type_name()) + ">";
    default:
      return to_text(value).value();
  }
}

}  // namespace weir::query::flux
