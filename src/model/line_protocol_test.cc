#include "model/line_protocol.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "model/series_key.h"
#include "model/slow_line.h"

namespace weir::model {
namespace {

constexpr int64_t kNow = 1'700'000'000'123'456'789;

ParsedLines parse(std::string text, Precision precision = Precision::ns) {
  return parse_lines(std::make_shared<const std::string>(std::move(text)), precision, kNow);
}

std::string lines_of(const PointBatch& batch) {
  std::string text;
  for (const BatchPoint& point : batch.points) append_line(text, batch, point);
  return text;
}

std::string outcome_of(const ParsedLines& parsed) {
  std::string text = lines_of(parsed.batch);
  for (const LineError& error : parsed.errors) {
    text += "! " + std::to_string(error.line_number) + ": " + error.message + "\n";
  }
  return text;
}

// The bytes that a case file spells out: \r \t \0 \n \xff \u0001 (test/lp/README.md).
std::string unspell(std::string text) {
  const std::pair<std::string_view, std::string_view> spelled[] = {
      {"\\r", "\r"},     {"\\t", "\t"},       {"\\0", std::string_view("\0", 1)},
      {"\\n", "\n"},     {"\\\\x", "\\\x02"}, {"\\xff", "\xff"},
      {"\\\x02", "\\x"}, {"\\u0001", "\x01"}};
  for (const auto& [from, to] : spelled) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

struct Case {
  std::string name, input, expected;
  Precision precision = Precision::ns;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("## ", 0) == 0) {
      cases.push_back({line.substr(3), "", ""});
    } else if (cases.empty() || line.empty()) {
      continue;
    } else if (line.rfind("precision: ", 0) == 0) {
      const std::string unit = line.substr(11);
      cases.back().precision = unit == "s"    ? Precision::s
                               : unit == "ms" ? Precision::ms
                               : unit == "us" ? Precision::us
                                              : Precision::ns;
    } else if (line.rfind("> ", 0) == 0 || line == ">") {
      cases.back().input += unspell(line.size() > 2 ? line.substr(2) : "") + "\n";
    } else {
      cases.back().expected += unspell(line) + "\n";
    }
  }
  return cases;
}

// Every line through the slow reader alone: the oracle of the fast one.
std::string slow_outcome(const std::string& text) {
  ParsedLines parsed;
  size_t number = 1;
  for (size_t at = 0; at < text.size();) {
    const size_t end = find_line_end(text, at);
    std::string_view line(text.data() + at, end - at);
    while (!line.empty() && is_line_blank(line.front())) line.remove_prefix(1);
    std::string reason;
    if (!line.empty() && line[0] != '#' && line != "\r" &&
        !parse_line_slowly(line, 1, kNow, parsed.batch, reason)) {
      parsed.errors.push_back({number, "unable to parse '" + std::string(line) + "': " + reason});
    }
    for (size_t i = at; i <= end && i < text.size(); i++) number += text[i] == '\n' ? 1 : 0;
    at = end + 1;
  }
  return outcome_of(parsed);
}

}  // namespace

TEST_CASE("line protocol cases") {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/lp")) {
    if (entry.path().extension() != ".case") continue;
    for (const Case& test : read_cases(entry.path())) {
      CAPTURE(test.name);
      CHECK(outcome_of(parse(test.input, test.precision)) == test.expected);
      count++;
    }
  }
  CHECK(count > 40);
}

TEST_CASE("what is written is read back the same") {
  const std::string text =
      "m\\ x,k\\,1=v\\=1 a\\ b=1.5,s=\"q\\\"\\\\ \\n\",i=1i,u=2u,t=f 5\nn f=0.1 6\n";
  const ParsedLines first = parse(text);
  REQUIRE(first.errors.empty());
  const std::string once = lines_of(first.batch);
  CHECK(lines_of(parse(once).batch) == once);
}

TEST_CASE("fast and slow reader agree on mutated lines") {
  const std::string seed_lines =
      "cpu,host=a,region=eu usage=12.5,idle=3i,up=true,name=\"x y\" 1700000000000000000\n"
      "cpu,host=b,region=eu usage=13.5,idle=4i,up=false,name=\"z\" 1700000000000000000\n"
      "m f=1\n#c\n m,t=1 f=\"a\nb\",g=2u -5\n"
      "c\\ pu,host=New\\ York,b=\\=\\, usage=1.5 1700000000000000000\n";
  const std::string alphabet = " ,=\"\\\n\r#\t019.-eiutfTx";
  std::mt19937_64 random(20);
  for (int round = 0; round < 20'000; round++) {
    std::string text = seed_lines;
    for (size_t edits = 1 + random() % 3; edits-- > 0;) {
      const size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, c);
      }
    }
    CAPTURE(text);
    REQUIRE(outcome_of(parse(text)) == slow_outcome(text));
  }
}

TEST_CASE("every truncation of a batch is read without a crash and agrees with the slow reader") {
  std::string text = "m,a=\\ b f=\"x\\\"y\",g=1i,h=t 12\n";
  for (int i = 0; i < 4; i++) text += text;
  for (size_t size = 0; size <= text.size(); size++) {
    const std::string cut = text.substr(0, size);
    REQUIRE(outcome_of(parse(cut)) == slow_outcome(cut));
  }
}

TEST_CASE("keys at the length limit pass and one past it fail") {
  auto line = [](size_t key_bytes, size_t field_bytes) {
    return std::string(key_bytes, 'm') + " " + std::string(field_bytes, 'f') + "=1 1\n";
  };
  CHECK(parse(line(65'530, 1)).errors.empty());
  CHECK(parse(line(30'000, 35'531)).errors.empty());
  for (const auto& text : {line(65'531, 1), line(30'000, 35'532), line(1, 65'531)}) {
    const auto errors = parse(text).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].message.ends_with("': max key length exceeded: 65536 > 65535"));
  }
  CHECK(parse(line(65'536, 1)).errors.size() == 1);
}

TEST_CASE("more tags and fields than the fast path remembers") {
  std::string line = "m", fields;
  for (int i = 0; i < 200; i++) {
    line += ",t" + std::to_string(i) + "=v";
    fields += (i > 0 ? ",f" : "f") + std::to_string(i) + "=1";
  }
  const ParsedLines parsed = parse(line + " " + fields + " 1\n" + line + " " + fields + " 2\n");
  CHECK(parsed.errors.empty());
  REQUIRE(parsed.batch.points.size() == 2);
  CHECK(parsed.batch.points[1].fields_count == 200);
}

TEST_CASE("series keys of any tag order have one canonical form") {
  auto canonical = [](std::string_view raw) { return parse_series_key(raw)->canonical(); };
  CHECK(canonical("m,b=2,a=1") == "m,a=1,b=2");
  CHECK(canonical("m\\ x,a\\=b=c\\,d") == "m\\ x,a\\=b=c\\,d");
  CHECK(parse_series_key("m,b=2,a=1")->tag("b") == "2");
  CHECK(parse_series_key("m,b=2,a=1")->tag("c").empty());
  CHECK(parse_series_key("m,a=1,a=2").error().message == "duplicate tags");
  CHECK(parse_series_key("").error().message == "missing measurement");
  CHECK(parse_series_key("m,").error().message == "missing tag key");
  CHECK(parse_series_key("m,a").error().message == "missing tag value");
  CHECK(parse_series_key("m,a=").error().message == "missing tag value");
  CHECK(parse_series_key("m,a=b=c").error().message == "invalid tag format");
  CHECK_FALSE(parse_series_key("m x").ok());
}

}  // namespace weir::model
