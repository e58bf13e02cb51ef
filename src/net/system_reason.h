// The system's reason for an error number, worded for the end of a message: "connection refused".
#pragma once

#include <string>
#include <system_error>

namespace weir::net {

inline std::string system_reason(int code) {
  std::string text = std::generic_category().message(code);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace weir::net
