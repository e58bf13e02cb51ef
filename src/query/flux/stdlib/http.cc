// Package http: what builds requests. The requests themselves are query/exec's.
#include "base/base64.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> basic_auth(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string user, arguments.string("u"));
  WEIR_TRY(std::string password, arguments.string("p"));
  return Value::of_string("Basic " + base64(user + ":" + password));
}

// What a segment of a path may hold (RFC 3986 §3.3), but for the characters that Go escapes too.
Result<Value> path_escape(CallContext&, const Arguments& arguments) {
  constexpr std::string_view kPlain = "-_.~$&+=:@";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  WEIR_TRY(std::string text, arguments.string("inputString"));
  std::string out;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    out += '%';
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return Value::of_string(std::move(out));
}

}  // namespace

void add_http(Registry& registry) {
  registry.add_function("http", "basicAuth", "(u: string, p: string)", basic_auth);
  registry.add_function("http", "pathEscape", "(inputString: string)", path_escape);
}

}  // namespace weir::query::flux
