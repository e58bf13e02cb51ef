#include "server/password_file.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/pbkdf2.h"

namespace weir::server {
namespace {

constexpr size_t kHashBytes = 64;  // SHA-512's, whatever the form
constexpr size_t kMistakesTold = 20;

std::optional<std::string> from_base64(std::string_view text) {
  // libsodium reads the byte 0xFF as a slash.
  for (char c : text) {
    if (static_cast<unsigned char>(c) > 0x7E) return std::nullopt;
  }
  std::string bytes(text.size(), '\0');
  size_t size = 0;
  const char* end = nullptr;
  int wrong =
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
  if (wrong != 0 || end != text.data() + text.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::string sha512(std::string_view password, std::string_view salt) {
  std::string text(password);
  text += salt;
  std::string hash(crypto_hash_sha512_BYTES, '\0');
  crypto_hash_sha512(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
  sodium_memzero(text.data(), text.size());
  return hash;
}

std::string_view take_until(char separator, std::string_view& rest) {
  size_t end = std::min(rest.find(separator), rest.size());
  std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

}  // namespace

class PasswordFile::Parser {
 public:
  explicit Parser(PasswordFile& file) : file_(file) {}

  // Empty, or what is wrong with the line.
  std::string take(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') return {};
    size_t colon = line.find(':');
    if (colon == line.npos) return "wanted NAME:HASH, as mosquitto_passwd writes it";
    std::string user(line.substr(0, colon));
    if (user.empty()) return "no user name before the colon";
    std::string_view rest = line.substr(colon + 1);
    Entry entry;
    std::string wrong = "no hash of the forms $7$ or $6$; `mosquitto_passwd -U FILE` makes them";
    if (rest.starts_with("$7$")) wrong = take_pbkdf2(rest.substr(3), entry);
    if (rest.starts_with("$6$")) wrong = take_sha512(rest.substr(3), entry);
    if (!wrong.empty()) return fmt::format("user `{}`: {}", user, wrong);
    file_.iterations_most_ = std::max(file_.iterations_most_, entry.iterations);
    if (!file_.entries_.emplace(user, std::move(entry)).second) {
      return fmt::format("user `{}` is there twice; keep one line", user);
    }
    return {};
  }

 private:
  static std::string take_pbkdf2(std::string_view rest, Entry& entry) {
    std::string_view number = take_until('$', rest);
    auto [end, failure] =
        std::from_chars(number.data(), number.data() + number.size(), entry.iterations);
    if (failure != std::errc() || end != number.data() + number.size() || entry.iterations < 1 ||
        uint64_t(entry.iterations) > kIterationsMax) {
      return fmt::format("wanted 1 to {} iterations behind $7$", kIterationsMax);
    }
    return take_sha512(rest, entry);
  }
  static std::string take_sha512(std::string_view rest, Entry& entry) {
    auto salt = from_base64(take_until('$', rest));
    auto hash = from_base64(rest);
    if (!salt || salt->empty()) return "the salt is no base64";
    if (!hash || hash->size() != kHashBytes) {
      return fmt::format("the hash is not {} bytes of base64", kHashBytes);
    }
    entry.salt = *std::move(salt);
    entry.hash = *std::move(hash);
    return {};
  }

  PasswordFile& file_;
};

Result<std::shared_ptr<const PasswordFile>> PasswordFile::parse(std::string_view text,
                                                                std::string_view name) {
  if (text.size() > kBytesMax) {
    return Error{Errc::invalid,
                 fmt::format("{}: {} bytes, wanted at most {}: is it the right file?", name,
                             text.size(), kBytesMax)};
  }
  auto file = std::make_shared<PasswordFile>();
  std::vector<std::string> mistakes;
  Parser parser(*file);
  for (size_t number = 1; !text.empty() && mistakes.size() < kMistakesTold; number++) {
    std::string wrong = parser.take(take_until('\n', text));
    if (!wrong.empty()) mistakes.push_back(fmt::format("{}:{}: {}", name, number, wrong));
  }
  if (!mistakes.empty()) return Error{Errc::invalid, fmt::format("{}", fmt::join(mistakes, "\n"))};
  return std::shared_ptr<const PasswordFile>(std::move(file));
}

bool PasswordFile::verify(std::string_view user, std::string_view password) const {
  static const Entry kNobody{1, std::string(12, 's'), std::string(kHashBytes, '\0')};
  auto found = entries_.find(user);
  const Entry& entry = found == entries_.end() ? kNobody : found->second;
  std::string hash = entry.iterations == 0
                         ? sha512(password, entry.salt)
                         : pbkdf2_sha512(password, entry.salt, entry.iterations, kHashBytes);
  // The rest of the work of the dearest entry: how long it takes tells nothing of the user.
  if (int left = iterations_most_ - entry.iterations; left > 0) {
    (void)pbkdf2_sha512(password, kNobody.salt, left, kHashBytes);
  }
  bool is_right = sodium_memcmp(hash.data(), entry.hash.data(), kHashBytes) == 0;
  return is_right && found != entries_.end();
}

std::string_view PasswordFile::mark_of(std::string_view user) const {
  auto found = entries_.find(user);
  return found == entries_.end() ? std::string_view() : std::string_view(found->second.hash);
}

}  // namespace weir::server
