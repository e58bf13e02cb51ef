// Any password file. What it holds is found again; nothing is hashed, for a file may ask for
// millions of iterations.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "server/password_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto file = weir::server::PasswordFile::parse(text, "pw");
  if (!file.ok()) {
    WEIR_ASSERT(file.error().message.starts_with("pw:"), "a mistake names its place");
    return 0;
  }
  const std::string_view user = text.substr(0, text.find(':'));
  WEIR_ASSERT((*file)->contains(user) == !(*file)->mark_of(user).empty(), "one way or the other");
  return 0;
}
