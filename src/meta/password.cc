#include "meta/password.h"

#include <fmt/core.h>
#include <sodium.h>

#include <semaphore>

namespace weir::meta {
namespace {

class HashingTurn {
 public:
  HashingTurn() { turns_.acquire(); }
  ~HashingTurn() { turns_.release(); }

 private:
  static inline std::counting_semaphore<kHashesAtOnce> turns_{kHashesAtOnce};
};

// A hash that no password has, made once, to spend the same time on unknown users.
const std::string& decoy_hash() {
  static const std::string hash = [] {
    char random[16];
    randombytes_buf(random, sizeof random);
    Result<std::string> made = hash_password({random, sizeof random});
    return made.ok() ? *made : std::string();
  }();
  return hash;
}

}  // namespace

Result<void> check_password_rules(std::string_view password) {
  if (password.size() < kPasswordBytesMin)
    return Error{Errc::invalid, "passwords must be at least 8 characters long"};
  if (password.size() > kPasswordBytesMax)
    return Error{Errc::invalid,
                 fmt::format("passwords must be at most {} bytes long", kPasswordBytesMax)};
  return {};
}

Result<std::string> hash_password(std::string_view password) {
  HashingTurn turn;
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(),
                            crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Error{Errc::unavailable, "cannot hash a password: not enough memory"};
  return std::string(hash);
}

bool verify_password(const std::string& hash, std::string_view password) {
  if (password.size() > kPasswordBytesMax) return false;
  const std::string& against = hash.empty() ? decoy_hash() : hash;
  HashingTurn turn;
  const bool right =
      crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  return right && !hash.empty();
}

PasswordMemory::PasswordMemory() : process_key_(crypto_generichash_KEYBYTES, '\0') {
  randombytes_buf(process_key_.data(), process_key_.size());
}

std::string PasswordMemory::key_of(UserId user, std::string_view password) const {
  std::string text = id_to_text(user);
  text.append(password);
  std::string key(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(key.data()), key.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     reinterpret_cast<const unsigned char*>(process_key_.data()),
                     process_key_.size());
  return key;
}

bool PasswordMemory::knows(UserId user, std::string_view password) const {
  const std::string key = key_of(user, password);
  auto right = right_.lock();
  auto found = right->find(user);
  return found != right->end() && sodium_memcmp(found->second.data(), key.data(), key.size()) == 0;
}

void PasswordMemory::remember(UserId user, std::string_view password) {
  std::string key = key_of(user, password);
  (*right_.lock())[user] = std::move(key);
}

void PasswordMemory::forget(UserId user) { right_.lock()->erase(user); }

}  // namespace weir::meta
