#include "query/flux/builtin.h"

#include <array>

#include "query/flux/calendar.h"
#include "query/flux/interpreter.h"
#include "query/flux/parser.h"

namespace weir::query::flux {
namespace {

struct TypeWord {
  std::string_view word;
  TypeSet types;
};
constexpr std::array<TypeWord, 14> kTypeWords = {{
    {"bool", type_bit(ValueType::boolean)},
    {"int", type_bit(ValueType::integer)},
    {"uint", type_bit(ValueType::unsigned_integer)},
    {"float", type_bit(ValueType::floating)},
    {"string", type_bit(ValueType::string)},
    {"time", type_bit(ValueType::time)},
    {"duration", type_bit(ValueType::duration)},
    {"regexp", type_bit(ValueType::regexp)},
    {"bytes", type_bit(ValueType::bytes)},
    {"array", type_bit(ValueType::array)},
    {"record", type_bit(ValueType::record) | type_bit(ValueType::package)},
    {"dict", type_bit(ValueType::dictionary)},
    {"function", type_bit(ValueType::function)},
    {"stream", type_bit(ValueType::stream)},
}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Takes what stands before `separator` (or everything) off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  size_t at = rest.find(separator);
  std::string_view taken = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return trimmed(taken);
}

bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

TypeSet parse_types(std::string_view text) {
  if (text.empty() || text == "any") return kAnyType;
  TypeSet types = 0;
  while (!text.empty()) {
    std::string_view word = take(text, '|');
    TypeSet found = 0;
    for (const TypeWord& known : kTypeWords)
      if (known.word == word) found = known.types;
    WEIR_ASSERT(found != 0, "a native function's signature names an unknown type");
    types |= found;
  }
  return types;
}

std::vector<Parameter> parse_signature(std::string_view signature) {
  WEIR_ASSERT(signature.size() >= 2 && signature.front() == '(' && signature.back() == ')',
              "a native function's signature stands in parentheses");
  std::string_view rest = trimmed(signature.substr(1, signature.size() - 2));
  std::vector<Parameter> parameters;
  while (!rest.empty()) {
    std::string_view text = take(rest, ',');
    Parameter parameter;
    if (skip(text, "?")) parameter.kind = ParameterKind::optional;
    parameter.pipe = skip(text, "<-");
    parameter.name = std::string(take(text, ':'));
    parameter.types = parse_types(trimmed(text));
    WEIR_ASSERT(!parameter.name.empty(), "a parameter of a native function needs a name");
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Error wrong_argument(std::string_view name, const Value& got, std::string_view wanted) {
  return {Errc::invalid, "argument \"" + std::string(name) + "\": got " +
                             std::string(got.type_name()) + ", wanted " + std::string(wanted)};
}

}  // namespace

Host& CallContext::host() { return interpreter_.host(); }
Result<int64_t> CallContext::now_ns() { return interpreter_.now_ns(); }
const Value* CallContext::option(std::string_view package, std::string_view name) {
  return interpreter_.option(package, name);
}

// ---- Arguments -----------------------------------------------------------------------------

bool Arguments::is_given(std::string_view name) const {
  for (size_t i = 0; i < values_.size(); ++i)
    if (definition_.parameters[i].name == name) return given_[i];
  WEIR_ASSERT(false, "a native function asks for a parameter its signature does not have");
}

const Value& Arguments::raw(std::string_view name) const {
  for (size_t i = 0; i < values_.size(); ++i)
    if (definition_.parameters[i].name == name) return values_[i];
  WEIR_ASSERT(false, "a native function asks for a parameter its signature does not have");
}

bool Arguments::has(std::string_view name) const { return !raw(name).is_null(); }

Result<const Value*> Arguments::wanted(std::string_view name, ValueType type) const {
  const Value& value = raw(name);
  if (value.is(type)) return &value;
  if (!is_given(name))
    return Error{Errc::invalid, "missing required argument " + std::string(name)};
  return wrong_argument(name, value, to_string(type));
}

Result<bool> Arguments::boolean(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::boolean));
  return value->as_bool();
}
Result<int64_t> Arguments::integer(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::integer));
  return value->as_int();
}
Result<uint64_t> Arguments::unsigned_integer(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::unsigned_integer));
  return value->as_uint();
}
Result<double> Arguments::floating(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::floating));
  return value->as_float();
}
Result<std::string> Arguments::string(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::string));
  return value->as_string();
}
Result<int64_t> Arguments::time_ns(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::time));
  return value->as_time_ns();
}
Result<Duration> Arguments::duration(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::duration));
  return value->as_duration();
}
Result<std::shared_ptr<const re2::RE2>> Arguments::regexp(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::regexp));
  return value->regexp();
}
Result<std::string> Arguments::bytes(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::bytes));
  return value->as_bytes();
}
Result<const Array*> Arguments::array(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::array));
  return &value->as_array();
}
Result<const Record*> Arguments::record(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::record));
  return &value->as_record();
}
Result<const Dictionary*> Arguments::dictionary(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::dictionary));
  return &value->as_dictionary();
}
Result<std::shared_ptr<const Function>> Arguments::function(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::function));
  return value->function();
}
Result<std::shared_ptr<TableStream>> Arguments::stream(std::string_view name) const {
  WEIR_TRY(const Value* value, wanted(name, ValueType::stream));
  return value->as_stream();
}

Result<std::vector<std::string>> Arguments::strings(std::string_view name) const {
  WEIR_TRY(const Array* items, array(name));
  std::vector<std::string> texts;
  for (const Value& item : *items) {
    if (!item.is(ValueType::string)) return wrong_argument(name, item, "array of strings");
    texts.push_back(item.as_string());
  }
  return texts;
}

Result<int64_t> Arguments::time_or_relative_ns(CallContext& context, std::string_view name) const {
  const Value& value = raw(name);
  if (value.is(ValueType::time)) return value.as_time_ns();
  if (value.is(ValueType::integer)) {
    // Integers are Unix seconds, as in range(start: 1621726200).
    int64_t ns = 0;
    if (__builtin_mul_overflow(value.as_int(), 1'000'000'000, &ns))
      return Error{Errc::invalid, "argument \"" + std::string(name) + "\": time is out of range"};
    return ns;
  }
  if (value.is(ValueType::duration)) {
    WEIR_TRY(int64_t now, context.now_ns());
    return add(now, value.as_duration());
  }
  if (!is_given(name))
    return Error{Errc::invalid, "missing required argument " + std::string(name)};
  return wrong_argument(name, value, "time, duration or int");
}

Result<bool> Arguments::boolean_or(std::string_view name, bool otherwise) const {
  return has(name) ? boolean(name) : Result<bool>(otherwise);
}
Result<int64_t> Arguments::integer_or(std::string_view name, int64_t otherwise) const {
  return has(name) ? integer(name) : Result<int64_t>(otherwise);
}
Result<double> Arguments::floating_or(std::string_view name, double otherwise) const {
  return has(name) ? floating(name) : Result<double>(otherwise);
}
Result<std::string> Arguments::string_or(std::string_view name, std::string_view otherwise) const {
  return has(name) ? string(name) : Result<std::string>(std::string(otherwise));
}
Result<Duration> Arguments::duration_or(std::string_view name, Duration otherwise) const {
  return has(name) ? duration(name) : Result<Duration>(otherwise);
}
Result<std::vector<std::string>> Arguments::strings_or(std::string_view name,
                                                       std::vector<std::string> otherwise) const {
  return has(name) ? strings(name) : Result<std::vector<std::string>>(std::move(otherwise));
}

// ---- Registry ------------------------------------------------------------------------------

Value make_native(std::string_view package, std::string_view name, std::string_view signature,
                  NativeFunction function) {
  auto definition = std::make_shared<NativeDefinition>();
  definition->package = std::string(package);
  definition->name = std::string(name);
  definition->parameters = parse_signature(signature);
  definition->function = std::move(function);
  return Value::of_function(std::make_shared<const Function>(std::move(definition)));
}

std::string_view Library::name() const {
  size_t slash = path.rfind('/');
  return std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
}

Library& Registry::library(std::string_view path) {
  auto found = packages_.find(path);
  if (found == packages_.end()) {
    found = packages_.emplace(std::string(path), Library{}).first;
    found->second.path = std::string(path);
  }
  return found->second;
}

void Registry::add_function(std::string_view package, std::string_view name,
                            std::string_view signature, NativeFunction function) {
  add_value(package, name, make_native(package, name, signature, std::move(function)));
}

void Registry::add_value(std::string_view package, std::string_view name, Value value) {
  bool added =
      library(package)
          .members
          .emplace(std::string(name),
                   Library::Member{Binding{std::string(name), std::move(value), nullptr}, false})
          .second;
  WEIR_ASSERT(added, "two natives with the same name in one package");
}

void Registry::add_option(std::string_view package, std::string_view name, Value value) {
  bool added =
      library(package)
          .members
          .emplace(std::string(name),
                   Library::Member{Binding{std::string(name), std::move(value), nullptr}, true})
          .second;
  WEIR_ASSERT(added, "two natives with the same name in one package");
}

void Registry::add_script(std::string_view package, std::string_view source) {
  ParsedFile parsed = parse_file(source, package);
  WEIR_ASSERT(parsed.errors.empty(), parsed.errors.front().message.c_str());
  library(package).scripts.push_back(std::move(parsed.file));
}

void Registry::mark_effects(std::string_view package) { library(package).has_effects = true; }

const Library* Registry::find(std::string_view path) const {
  auto found = packages_.find(path);
  return found == packages_.end() ? nullptr : &found->second;
}

}  // namespace weir::query::flux
