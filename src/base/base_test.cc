#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/workers.h"

namespace weir {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::invalid, "odd"};
  return number / 2;
}
Result<int> quarter(int number) {
  WEIR_TRY(int halved, half(number));
  return half(halved);
}
Result<void> require_even(int number) {
  WEIR_CHECK(half(number));
  return {};
}

TEST_CASE("a result hands on its value or its error") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).error().message == "odd");
  CHECK(require_even(2).ok());
  CHECK(require_even(3).error().code == Errc::invalid);
  CHECK(half(1).error().message == "odd");
  CHECK(Error{Errc::io, "disk full"}.with_context("log").message == "log: disk full");
}

TEST_CASE("bytes written are read back, and a short read fails instead of crashing") {
  std::string text;
  ByteWriter writer(text);
  writer.be<uint16_t>(0x1234);
  writer.le<uint32_t>(7);
  writer.varint(300);
  writer.signed_varint(-5);
  writer.varint(UINT64_MAX);
  writer.sized("hello");
  CHECK(static_cast<unsigned char>(text[0]) == 0x12);

  ByteReader reader(text);
  CHECK(reader.be<uint16_t>() == 0x1234);
  CHECK(reader.le<uint32_t>() == 7);
  CHECK(reader.varint() == 300);
  CHECK(reader.signed_varint() == -5);
  CHECK(reader.varint() == UINT64_MAX);
  CHECK(reader.sized() == "hello");
  CHECK(reader.ok());
  CHECK(reader.at_end());

  for (size_t length = 0; length < text.size(); length++) {
    ByteReader cut(std::string_view(text).substr(0, length));
    cut.be<uint16_t>(), cut.le<uint32_t>(), cut.varint(), cut.signed_varint(), cut.varint();
    cut.sized();
    CHECK_FALSE(cut.ok());
  }
}

TEST_CASE("a varint of more than 64 bits is refused") {
  ByteReader reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  reader.varint();
  CHECK_FALSE(reader.ok());
}

TEST_CASE("ids are sixteen hex digits and never zero") {
  CHECK(id_to_text(0x1fULL) == "000000000000001f");
  CHECK(id_from_text("000000000000001f") == 0x1fULL);
  CHECK_FALSE(id_from_text("0000000000000000").has_value());
  CHECK_FALSE(id_from_text("1f").has_value());
  CHECK_FALSE(id_from_text("000000000000001F").has_value());
  CHECK(id_from_text(id_to_text(make_random_id())).has_value());
}

TEST_CASE("bad JSON is an error with a position, and deep nesting does not overflow the stack") {
  CHECK(parse_json(R"({"a":1})").value()["a"] == 1);
  CHECK(parse_json("{\"a\":").error().message.find("line 1") != std::string::npos);
  CHECK_FALSE(parse_json(std::string(100'000, '[')).ok());
  std::string deep = std::string(1000, '[') + std::string(1000, ']');
  CHECK(parse_json(deep).error().message.find("deeper than") != std::string::npos);
  CHECK(dump_json(Json("\xff")) == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("metrics appear in exposition format and leave with their object") {
  {
    metrics::Counter counter("weir_test_total", "A test", R"(kind="x")");
    counter.add(3);
    metrics::Histogram histogram("weir_test_seconds", "A test", {0.1, 1});
    histogram.observe(0.5);
    std::string text = metrics::exposition_text();
    CHECK(text.find("# TYPE weir_test_total counter\nweir_test_total{kind=\"x\"} 3\n") !=
          text.npos);
    CHECK(text.find("weir_test_seconds_bucket{le=\"0.1\"} 0\n") != text.npos);
    CHECK(text.find("weir_test_seconds_bucket{le=\"1\"} 1\n") != text.npos);
    CHECK(text.find("weir_test_seconds_count 1\n") != text.npos);
  }
  CHECK(metrics::exposition_text().find("weir_test_total") == std::string::npos);
}

TEST_CASE("workers run what was queued before they stop, and refuse beyond the bound") {
  std::atomic<int> done = 0;
  {
    Workers workers("test", 2, 100);
    for (int i = 0; i < 100; i++) CHECK(workers.try_submit([&] { done++; }));
    workers.stop();
    CHECK_FALSE(workers.try_submit([] {}));
  }
  CHECK(done == 100);
  Workers none("test", 0, 1);
  CHECK(none.try_submit([] {}));
  CHECK_FALSE(none.try_submit([] {}));
}

}  // namespace
}  // namespace weir
