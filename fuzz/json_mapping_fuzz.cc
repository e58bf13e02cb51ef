// Any topic and payload, through rules that use the whole language and through automatic mapping.
// Whatever becomes a point must be line protocol that reads back. Input: topic, line end, payload;
// alone, it is also read as rules.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "ingest/explain.h"
#include "model/line_protocol.h"

namespace {

using namespace weir::ingest;

const std::shared_ptr<const RuleSet>& rules() {
  static const auto kRules = RuleSet::parse(R"(
    [[map]]
    topic = "n/{a}-{b}/{_field}"
    types = { x = "int", y = "bool:ON/OFF", z = "string", "a.b" = "uint" }
    [[map]]
    topic = "e/{_measurement}"
    each = "r[*]"
    tags = { id = "$.id", model = "$.device.model" }
    fields = { "*" = "v.*", t = "t[0]", w = 'a."b.c"' }
    time = "ts"
    [[map]]
    topic = "m/{rest...}"
    each = "{sensor}"
    drop = ["x.*", "y"]
    time = "Time"
    when = "_type != 'no'"
    [[map]]
    topic = "l/#"
    format = "line"
    [[map]]
    topic = "t/{x}"
    format = "text"
  )")
                                 .value();
  return kRules;
}

void check(const std::shared_ptr<const RuleSet>& set, std::string_view topic,
           std::string_view payload) {
  const Explanation explained = explain(set, {topic, payload, 1'700'000'000'000'000'000});
  WEIR_ASSERT(explained.points.empty() == explained.dropped.has_value(),
              "a message is stored or there is a reason");
  for (const std::string& point : explained.points) {
    // A measurement that begins with # reads as a comment; nothing in the store minds it.
    if (point.starts_with('#')) continue;
    const auto parsed = weir::model::parse_lines(std::make_shared<const std::string>(point),
                                                 weir::model::Precision::ns, 0);
    WEIR_ASSERT(parsed.errors.empty() && parsed.batch.points.size() == 1, "points are lines");
    std::string again;
    weir::model::append_line(again, parsed.batch, parsed.batch.points[0]);
    WEIR_ASSERT(again == point + "\n", "lines read back the same");
  }
  (void)explanation_json(explained);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = input.find('\n');
  if (split == std::string_view::npos) {
    (void)RuleSet::parse(input);
    return 0;
  }
  check(rules(), input.substr(0, split), input.substr(split + 1));
  check(RuleSet::automatic_only(), input.substr(0, split), input.substr(split + 1));
  return 0;
}
