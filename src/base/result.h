// Result<T>: a value, or an Error that says what went wrong.
//
// Everything that can fail on input, on a peer or on the environment returns one; nothing throws
// across a folder. An Error's message reads "what: got X, wanted Y, at Z". The codes are InfluxDB's
// platform error codes (they are the `code` clients see in JSON) plus `io`; they are mapped to an
// HTTP status in http/status.h and to an MQTT 5 reason in mqtt/reason.h, and nowhere else.
//
//   Result<Config> load(std::string_view path) {
//     WEIR_TRY(std::string text, read_file(path));   // returns the error, or defines `text`
//     WEIR_CHECK(validate(text));                    // returns the error, or goes on
//     ...
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace weir {

enum class Errc : uint8_t {
  internal,            // a bug or an unexpected state
  not_implemented,     // understood, and not offered (yet)
  not_found,           // a named thing does not exist
  conflict,            // exists already, or contradicts what is stored
  invalid,             // malformed input
  unprocessable,       // well-formed input that cannot be carried out
  empty_value,         // a required value is empty
  unavailable,         // cannot be done now; try again later
  forbidden,           // known caller, not allowed
  too_many_requests,   // a rate or concurrency limit
  unauthorized,        // unknown caller
  method_not_allowed,  // wrong HTTP method for a known path
  too_large,           // over a size limit
  io,                  // disk or network failed beneath us
};

// The code as InfluxDB's API spells it, for instance "not found"; `io` reads "internal error".
std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string message;

  // The same error with its message prefixed: "<context>: <message>".
  Error with_context(std::string_view context) &&;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result<T>>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return checked(), *std::get_if<0>(&state_); }
  const T& value() const& { return checked(), *std::get_if<0>(&state_); }
  T&& value() && { return checked(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    WEIR_ASSERT(!ok(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    WEIR_ASSERT(!ok(), "error() of a Result that holds a value");
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  void checked() const { WEIR_ASSERT(ok(), "value() of a Result that holds an error"); }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    WEIR_ASSERT(!ok(), "error() of a Result that holds no error");
    return *error_;
  }
  Error&& error() && {
    WEIR_ASSERT(!ok(), "error() of a Result that holds no error");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)
#define WEIR_TRY_INNER(result, declaration, ...)      \
  auto result = (__VA_ARGS__);                        \
  if (!result.ok()) return std::move(result).error(); \
  declaration = std::move(result).value()
// WEIR_TRY(auto x, f()): defines x from f()'s value, or returns f()'s error from this function.
#define WEIR_TRY(declaration, ...) \
  WEIR_TRY_INNER(WEIR_CONCAT(weir_result_, __COUNTER__), declaration, __VA_ARGS__)
// WEIR_CHECK(f()): goes on if f() succeeded, or returns f()'s error from this function.
#define WEIR_CHECK(...)                                        \
  do {                                                         \
    if (auto weir_checked = (__VA_ARGS__); !weir_checked.ok()) \
      return std::move(weir_checked).error();                  \
  } while (false)
