#include <doctest/doctest.h>

#include <random>

#include "codec/column_codec.h"

namespace weir::codec {
namespace {

std::string encoded(const std::vector<std::string>& values) {
  const std::vector<std::string_view> views(values.begin(), values.end());
  std::string bytes;
  encode_strings(views, bytes);
  return bytes;
}

size_t round_trip(const std::vector<std::string>& values) {
  const std::string bytes = encoded(values);
  const std::string followed = bytes + "next";
  ByteReader in(followed);
  std::vector<std::string> back;
  REQUIRE(decode_strings(in, values.size(), back).ok());
  CHECK(back == values);
  CHECK(in.rest() == "next");
  return bytes.size();
}

std::vector<std::string> log_lines(size_t rows) {
  std::mt19937_64 random(1);
  std::vector<std::string> lines;
  for (size_t i = 0; i < rows; i++) {
    lines.push_back("pump " + std::to_string(i) + " started, pressure " +
                    std::to_string(random() % 1000) + " mbar");
  }
  return lines;
}

}  // namespace

TEST_CASE("few distinct strings become a dictionary with small indexes") {
  std::vector<std::string> values;
  for (int i = 0; i < 1000; i++) values.push_back(i % 2 == 0 ? "ON" : "OFF");
  CHECK(round_trip(values) < 1000 / 8 + 24);
  CHECK(round_trip(std::vector<std::string>(1000, "online")) < 24);
}

TEST_CASE("many distinct strings are compressed together") {
  const auto lines = log_lines(1000);
  size_t total = 0;
  for (const auto& line : lines) total += line.size();
  CHECK(round_trip(lines) < total / 3);
}

TEST_CASE("empty, binary and random strings come back") {
  round_trip({});
  round_trip({""});
  round_trip({"", "", ""});
  round_trip({std::string("\0\xff\n", 3), "", "\xc3\x28"});
  std::mt19937_64 random(2);
  std::vector<std::string> noise;
  for (int i = 0; i < 500; i++) {
    std::string text;
    for (size_t k = random() % 40; k-- > 0;) text.push_back(static_cast<char>(random()));
    noise.push_back(text);
  }
  round_trip(noise);
  noise.emplace_back(70'000, 'x');
  round_trip(noise);
}

TEST_CASE("a column beyond what expands is stored plain") {
  const std::vector<std::string> values(kExpandedStringBytesMax / 1'000'000 + 1,
                                        std::string(1'000'000, 'a'));
  CHECK(round_trip(values) > kExpandedStringBytesMax);
}

TEST_CASE("damaged strings fail or differ, and never reach outside their bytes") {
  std::vector<std::string> states;
  for (int i = 0; i < 40; i++) states.push_back(i % 3 == 0 ? "open" : "closed");
  for (const auto& values : {states, log_lines(20), std::vector<std::string>{"a", "bc", "def"}}) {
    const std::string bytes = encoded(values);
    std::vector<std::string> back;
    for (size_t size = 0; size < bytes.size(); size++) {
      const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      ByteReader in(std::string_view(cut.data(), cut.size()));
      CHECK_FALSE(decode_strings(in, values.size(), back).ok());
    }
    for (size_t i = 0; i < bytes.size(); i++) {
      for (int flip : {0x01, 0x40, 0xff}) {
        std::vector<char> damaged(bytes.begin(), bytes.end());
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        ByteReader in(std::string_view(damaged.data(), damaged.size()));
        (void)decode_strings(in, values.size(), back);
        CHECK(back.size() == values.size());
      }
    }
  }
}

}  // namespace weir::codec
