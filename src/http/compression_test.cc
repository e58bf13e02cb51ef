#include "http/compression.h"

#include <doctest/doctest.h>

#include <random>

namespace weir::http {
namespace {

constexpr size_t kPlenty = 64 * 1024 * 1024;

std::string sample(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += "cpu,host=h" + std::to_string(random() % 100) + " usage=1i\n";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("what gzip makes, gunzip undoes, at all sizes around its guesses") {
  for (size_t size : {0u, 1u, 7u, 8u, 9u, 1000u, 65535u, 65536u, 300000u}) {
    const std::string text = sample(size, 1);
    auto back = gunzip(gzip(text), kPlenty);
    REQUIRE(back.ok());
    CHECK(*back == text);
  }
}

TEST_CASE("members one after the other are one body") {
  const std::string a = sample(5000, 1), b = sample(100, 2);
  auto back = gunzip(gzip(a) + gzip("") + gzip(b), kPlenty);
  REQUIRE(back.ok());
  CHECK(*back == a + b);
}

TEST_CASE("the limit holds to the byte, over all members") {
  const std::string text(1000, 'x');
  CHECK(gunzip(gzip(text), 1000).ok());
  auto over = gunzip(gzip(text), 999);
  REQUIRE_FALSE(over.ok());
  CHECK(over.error().code == Errc::too_large);
  CHECK(gunzip(gzip(text) + gzip(text), 2000).ok());
  auto both = gunzip(gzip(text) + gzip(text), 1999);
  REQUIRE_FALSE(both.ok());
  CHECK(both.error().code == Errc::too_large);
  // A bomb: 256 MiB in 256 KiB.
  auto bomb = gunzip(gzip(std::string(256 * 1024 * 1024, '\0')), 1024 * 1024);
  REQUIRE_FALSE(bomb.ok());
  CHECK(bomb.error().code == Errc::too_large);
}

TEST_CASE("a body cut anywhere, or with a byte flipped, is invalid or equal, never a crash") {
  const std::string text = sample(300, 3);
  const std::string whole = gzip(text);
  for (size_t size = 0; size < whole.size(); ++size) {
    auto cut = gunzip(std::string_view(whole).substr(0, size), kPlenty);
    REQUIRE_FALSE(cut.ok());
    CHECK(cut.error().code == Errc::invalid);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    auto back = gunzip(flipped, kPlenty);
    if (back.ok()) CHECK(*back == text);  // header fields nobody checks, as the time
  }
}

TEST_CASE("a streamed member equals the bytes put in, whatever their pieces") {
  const std::string text = sample(500'000, 4);
  std::mt19937 random(5);
  GzipStream stream;
  std::string zipped;
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min<size_t>(random() % 40'000, text.size() - at);
    stream.append(std::string_view(text).substr(at, size), zipped);
    at += size;
  }
  stream.finish(zipped);
  auto back = gunzip(zipped, kPlenty);
  REQUIRE(back.ok());
  CHECK(*back == text);

  GunzipStream unzip;
  std::string plain;
  for (size_t at = 0; at < zipped.size(); at += 777)
    REQUIRE(unzip.feed(std::string_view(zipped).substr(at, 777), plain).ok());
  CHECK(unzip.at_end());
  CHECK(plain == text);
}

TEST_CASE("who accepts gzip") {
  for (std::string_view yes :
       {"gzip", "GZIP", "deflate, gzip", "x-gzip", "*", "gzip;q=0.5",
        "br;q=1.0, gzip;q=0.8, *;q=0.1", "identity;q=0, gzip", "*;q=0, gzip"})
    CHECK_MESSAGE(accepts_gzip(yes), yes);
  for (std::string_view no :
       {"", "identity", "deflate", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped", "br"})
    CHECK_MESSAGE(!accepts_gzip(no), no);
}

TEST_CASE("text is compressible, pictures and archives are not") {
  for (std::string_view yes : {"text/csv; charset=utf-8", "application/json", "Text/HTML",
                               "application/javascript", "image/svg+xml"})
    CHECK(is_compressible(yes));
  for (std::string_view no : {"", "image/png", "application/octet-stream", "application/gzip"})
    CHECK_FALSE(is_compressible(no));
}

}  // namespace weir::http
