#include "base/result.h"

namespace weir {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::internal:
      return "internal error";
    case Errc::not_implemented:
      return "not implemented";
    case Errc::not_found:
      return "not found";
    case Errc::conflict:
      return "conflict";
    case Errc::invalid:
      return "invalid";
    case Errc::unprocessable:
      return "unprocessable entity";
    case Errc::empty_value:
      return "empty value";
    case Errc::unavailable:
      return "unavailable";
    case Errc::forbidden:
      return "forbidden";
    case Errc::too_many_requests:
      return "too many requests";
    case Errc::unauthorized:
      return "unauthorized";
    case Errc::method_not_allowed:
      return "method not allowed";
    case Errc::too_large:
      return "request too large";
    case Errc::io:
      return "internal error";
  }
  return "internal error";
}

Error Error::with_context(std::string_view context) && {
  message.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

}  // namespace weir
