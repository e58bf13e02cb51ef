// Runs test/map/*.case (its README.md says how they are written).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "ingest/explain.h"

namespace weir::ingest {
namespace {

constexpr int64_t kArrival = 1'700'000'000'000'123'456;

struct Case {
  std::string name, rules, topic, payload, expected;
  bool replayed = false;
};

std::string from_hex(std::string_view digits) {
  std::string bytes;
  std::string pair;
  for (char c : digits) {
    if (c == ' ') continue;
    pair += c;
    if (pair.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
    pair.clear();
  }
  return bytes;
}

class CaseFile {
 public:
  explicit CaseFile(const std::filesystem::path& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) read(line);
  }
  std::vector<Case> cases;

 private:
  void read(const std::string& line) {
    auto value_of = [&line](std::string_view key) -> std::optional<std::string> {
      if (!line.starts_with(key)) return std::nullopt;
      return line.size() > key.size() ? line.substr(key.size() + 1) : "";
    };
    if (auto name = value_of("##")) {
      cases.push_back({*name, rules_, "", "", ""});
      has_own_rules_ = has_payload_ = false;
    } else if (auto rule = value_of("|")) {
      if (!cases.empty() && !has_own_rules_) cases.back().rules.clear();
      has_own_rules_ = true;
      (cases.empty() ? rules_ : cases.back().rules) += *rule + "\n";
    } else if (cases.empty() || line.empty()) {
      return;
    } else if (auto topic = value_of("topic:")) {
      cases.back().topic = *topic;
    } else if (auto payload = value_of("payload:")) {
      cases.back().payload += (has_payload_ ? "\n" : "") + *payload;
      has_payload_ = true;
    } else if (auto hex = value_of("hex:")) {
      cases.back().payload = from_hex(*hex);
    } else if (value_of("replayed:")) {
      cases.back().replayed = true;
    } else {
      cases.back().expected += line + "\n";
    }
  }
  std::string rules_;
  bool has_own_rules_ = false, has_payload_ = false;
};

// What the case expects to see; the source of the time only if it asks.
std::string outcome_of(const Explanation& explanation, bool with_time) {
  std::string text;
  for (const std::string& point : explanation.points) text += point + "\n";
  if (explanation.dropped) text += "! " + *explanation.dropped + "\n";
  if (with_time) text += "~ " + explanation.time_source + "\n";
  for (const std::string& warning : explanation.warnings) {
    if (warning.starts_with("field ")) text += "- " + warning + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("mapping cases") {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/map")) {
    if (entry.path().extension() != ".case") continue;
    const std::string file = entry.path().filename().string();
    for (const Case& test : CaseFile(entry.path()).cases) {
      CAPTURE(file);
      CAPTURE(test.name);
      const auto rules = RuleSet::parse(test.rules);
      if (!rules.ok()) FAIL_CHECK(rules.error().message);
      if (!rules.ok()) continue;
      const MessageView message{test.topic, test.payload, kArrival, 0, test.replayed};
      const bool with_time = test.expected.find("\n~ ") != std::string::npos;
      CHECK(outcome_of(explain(*rules, message), with_time) == test.expected);
      count++;
    }
  }
  CHECK(count > 70);
}

}  // namespace weir::ingest
