// Value: any value of a Flux script, tagged with its type at run time.
//
// Small values are held inline; regexps, arrays, records, dictionaries, functions and streams are
// immutable and shared, so copying a Value is cheap and any thread may read one. A null may know of
// which type it is a null (null_type(): that of the column it was read from), which only matters
// where a column is made of nothing but nulls. as_x() asserts the type: test it first, or use
// Arguments (builtin.h), whose getters return errors.
// Spec: Flux specification, "Types".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "query/flux/duration.h"

namespace re2 {
class RE2;
}

namespace weir::query {
class TableStream;  // query/exec: a stream of tables, opaque to the language
}

namespace weir::query::flux {

class Value;
class Function;      // function.h
class PackageScope;  // interpreter.h: an imported package

// A record: properties in the order they were written. Few properties, so a linear search.
class Record {
 public:
  using Property = std::pair<std::string, Value>;

  Record() = default;
  explicit Record(std::vector<Property> properties);

  // Replaces the property of that name, keeping its place, or appends it.
  void set(std::string_view name, Value value);
  const Value* find(std::string_view name) const;  // nullptr: no such property
  const std::vector<Property>& properties() const { return properties_; }
  size_t size() const;

 private:
  std::vector<Property> properties_;
};

using Array = std::vector<Value>;

struct ValueLess {
  bool operator()(const Value& a, const Value& b) const;
};
// Keys are of one basic type: string, int, uint, float, bool, time or duration.
using Dictionary = std::map<Value, Value, ValueLess>;

// Anything else a native package wants to pass through a script: what tableFind() returns, a
// notification endpoint. Immutable.
class Extension {
 public:
  virtual ~Extension() = default;
  virtual std::string_view type_name() const = 0;
  // What a value of type `dynamic` holds; nullptr for anything else.
  virtual const Value* wrapped() const { return nullptr; }
};

struct Time {
  int64_t ns = 0;  // Unix time
  friend auto operator<=>(const Time&, const Time&) = default;
};
struct Bytes {
  std::string data;
};

enum class ValueType : uint8_t {
  null,
  boolean,
  integer,
  unsigned_integer,
  floating,
  string,
  time,
  duration,
  regexp,
  bytes,
  array,
  record,
  dictionary,
  function,
  stream,
  package,
  extension,
};
// As Flux's messages spell it: bool int uint float string time duration regexp bytes array object
// dictionary function stream.
std::string_view to_string(ValueType type);

struct Null {
  ValueType of = ValueType::null;  // null: of no known type
};

class Value {
 public:
  Value() = default;  // null
  static Value null_of(ValueType type) { return Value(Storage(Null{type})); }
  static Value of_bool(bool v) { return Value(Storage(std::in_place_type<bool>, v)); }
  static Value of_int(int64_t v) { return Value(Storage(std::in_place_type<int64_t>, v)); }
  static Value of_uint(uint64_t v) { return Value(Storage(std::in_place_type<uint64_t>, v)); }
  static Value of_float(double v) { return Value(Storage(std::in_place_type<double>, v)); }
  static Value of_string(std::string v) { return Value(Storage(std::move(v))); }
  static Value of_time(int64_t ns) { return Value(Storage(Time{ns})); }
  static Value of_duration(Duration v) { return Value(Storage(v)); }
  static Value of_bytes(std::string v) { return Value(Storage(Bytes{std::move(v)})); }
  static Value of_regexp(std::shared_ptr<const re2::RE2> v) { return Value(Storage(std::move(v))); }
  static Value of_array(Array v);
  static Value of_record(Record v);
  static Value of_dictionary(Dictionary v);
  static Value of_function(std::shared_ptr<const Function> v) {
    return Value(Storage(std::move(v)));
  }
  static Value of_stream(std::shared_ptr<TableStream> v) { return Value(Storage(std::move(v))); }
  static Value of_package(std::shared_ptr<const PackageScope> v) {
    return Value(Storage(std::move(v)));
  }
  static Value of_extension(std::shared_ptr<const Extension> v) {
    return Value(Storage(std::move(v)));
  }

  ValueType type() const { return static_cast<ValueType>(storage_.index()); }
  std::string_view type_name() const;  // to_string(type()), or an extension's own name
  bool is(ValueType wanted) const { return type() == wanted; }
  bool is_null() const { return type() == ValueType::null; }
  ValueType null_type() const { return get<Null>().of; }
  // How deep arrays, records and dictionaries stand in each other, and how many values a walk over
  // them meets (a value that is shared counts each time). Recursion over a value relies on
  // EvaluationLimits, which bounds both.
  struct Extent {
    uint32_t depth = 1;
    uint64_t values = 1;
  };
  Extent extent() const;

  bool as_bool() const { return get<bool>(); }
  int64_t as_int() const { return get<int64_t>(); }
  uint64_t as_uint() const { return get<uint64_t>(); }
  double as_float() const { return get<double>(); }
  const std::string& as_string() const { return get<std::string>(); }
  int64_t as_time_ns() const { return get<Time>().ns; }
  const Duration& as_duration() const { return get<Duration>(); }
  const std::string& as_bytes() const { return get<Bytes>().data; }
  const re2::RE2& as_regexp() const { return *get<std::shared_ptr<const re2::RE2>>(); }
  std::shared_ptr<const re2::RE2> regexp() const { return get<std::shared_ptr<const re2::RE2>>(); }
  const Array& as_array() const { return *get<std::shared_ptr<const Array>>(); }
  const Record& as_record() const { return *get<std::shared_ptr<const Record>>(); }
  const Dictionary& as_dictionary() const { return *get<std::shared_ptr<const Dictionary>>(); }
  const Function& as_function() const { return *get<std::shared_ptr<const Function>>(); }
  std::shared_ptr<const Function> function() const {
    return get<std::shared_ptr<const Function>>();
  }
  const std::shared_ptr<TableStream>& as_stream() const {
    return get<std::shared_ptr<TableStream>>();
  }
  const PackageScope& as_package() const { return *get<std::shared_ptr<const PackageScope>>(); }
  const std::shared_ptr<const Extension>& as_extension() const {
    return get<std::shared_ptr<const Extension>>();
  }
  // The value within a `dynamic`, or this one.
  const Value& unwrapped() const {
    const Value* inner = is(ValueType::extension) ? as_extension()->wrapped() : nullptr;
    return inner != nullptr ? *inner : *this;
  }

 private:
  // In the order of ValueType.
  using Storage =
      std::variant<Null, bool, int64_t, uint64_t, double, std::string, Time, Duration,
                   std::shared_ptr<const re2::RE2>, Bytes, std::shared_ptr<const Array>,
                   std::shared_ptr<const Record>, std::shared_ptr<const Dictionary>,
                   std::shared_ptr<const Function>, std::shared_ptr<TableStream>,
                   std::shared_ptr<const PackageScope>, std::shared_ptr<const Extension>>;
  explicit Value(Storage storage) : storage_(std::move(storage)) {}
  template <class T>
  const T& get() const {
    const T* held = std::get_if<T>(&storage_);
    WEIR_ASSERT(held != nullptr, "a Value is read as a type it does not hold");
    return *held;
  }
  Storage storage_;
};

inline size_t Record::size() const { return properties_.size(); }

// A compiled pattern (RE2), or Errc::invalid with RE2's reason.
Result<Value> compile_regexp(std::string_view pattern);

// Same type and same content, deeply. NaN is not equal to itself; a null equals a null; functions,
// streams and extensions are equal when they are the same object. (The `==` of a script, where null
// spreads, is in operators.h.)
bool equals(const Value& a, const Value& b);

// As string interpolation and string() print it: 3.14, 2020-01-01T00:00:00.000000000Z, 1h30m.
// Errc::invalid for a type that has no such form (array, record, function, ...).
Result<std::string> to_text(const Value& value);
// As display() prints it: any type, nested, never fails. "null" is <null>.
std::string to_display(const Value& value);

}  // namespace weir::query::flux
