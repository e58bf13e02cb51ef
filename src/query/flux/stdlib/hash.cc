// Package contrib/qxip/hash: digests of text, as text.
#include <functional>

#include "base/base64.h"
#include "base/digest.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

constexpr std::string_view kPackage = "contrib/qxip/hash";

std::string hexadecimal(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// RFC 4648 §5.
std::string base64_of_urls(std::string_view text) {
  std::string encoded = base64(text);
  for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return encoded;
}

void add(Registry& registry, std::string_view name,
         std::function<std::string(std::string_view)> hash) {
  registry.add_function(kPackage, name, "(v: string)",
                        [hash](CallContext&, const Arguments& arguments) -> Result<Value> {
                          if (!arguments.has("v")) return Value();
                          WEIR_TRY(std::string text, arguments.string("v"));
                          return Value::of_string(hash(text));
                        });
}

}  // namespace

void add_hash(Registry& registry) {
  add(registry, "md5", [](std::string_view v) { return hexadecimal(md5(v)); });
  add(registry, "sha1", [](std::string_view v) { return hexadecimal(sha1(v)); });
  add(registry, "sha256", [](std::string_view v) { return hexadecimal(sha256(v)); });
  add(registry, "xxhash64", [](std::string_view v) { return std::to_string(xxhash64(v)); });
  add(registry, "b64", base64_of_urls);
  registry.add_function(kPackage, "hmac", "(v: string, k: string)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          if (!arguments.has("v") || !arguments.has("k")) return Value();
                          WEIR_TRY(std::string text, arguments.string("v"));
                          WEIR_TRY(std::string key, arguments.string("k"));
                          return Value::of_string(base64(hmac_sha1(key, text)));
                        });
}

}  // namespace weir::query::flux
