#include "query/result/annotated_csv.h"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <random>

#include "query/exec/context.h"
#include "query/result/csv_reader.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

std::string text_of(double value) {
  char text[kFloatTextMax];
  return std::string(text, write_float(text, value));
}

std::string text_of_time(int64_t ns) {
  char text[kTimeTextMax];
  return std::string(text, TimeText().write(text, ns));
}

TEST_CASE("a float is written with the fewest digits and no exponent") {
  CHECK(text_of(0) == "0");
  CHECK(text_of(-0.0) == "-0");
  CHECK(text_of(21.5) == "21.5");
  CHECK(text_of(-0.07) == "-0.07");
  CHECK(text_of(0.1 + 0.2) == "0.30000000000000004");
  CHECK(text_of(1e21) == "1000000000000000000000");
  CHECK(text_of(1e23) == "100000000000000000000000");
  CHECK(text_of(123456789012.25) == "123456789012.25");
  CHECK(text_of(1e-7) == "0.0000001");
  CHECK(text_of(100) == "100");
  CHECK(text_of(5e-324).size() == 326);
  CHECK(text_of(INFINITY) == "+Inf");
  CHECK(text_of(-INFINITY) == "-Inf");
  CHECK(text_of(NAN) == "NaN");
}

TEST_CASE("every float reads back as itself, in the length of the shortest form") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 2 == 0) value = static_cast<double>(random() % 10'000'000) / 1000;
    if (!std::isfinite(value)) continue;
    std::string text = text_of(value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    REQUIRE(std::bit_cast<uint64_t>(back) == std::bit_cast<uint64_t>(value));
    char shortest[32];
    auto end = std::to_chars(shortest, shortest + 32, value, std::chars_format::scientific).ptr;
    std::string digits, own;
    for (char* p = shortest; p != end && *p != 'e'; ++p)
      if (*p >= '0' && *p <= '9') digits += *p;
    for (char c : text)
      if (c >= '0' && c <= '9') own += c;
    own.erase(0, own.find_first_not_of('0') == std::string::npos ? 0 : own.find_first_not_of('0'));
    while (own.size() > digits.size() && own.back() == '0') own.pop_back();
    REQUIRE(own == digits);
  }
}

TEST_CASE("a time is written in UTC with the decimals it needs") {
  CHECK(text_of_time(0) == "1970-01-01T00:00:00Z");
  CHECK(text_of_time(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(text_of_time(1'577'836'800'500'000'000) == "2020-01-01T00:00:00.5Z");
  CHECK(text_of_time(951'782'400'000'000'000) == "2000-02-29T00:00:00Z");
  CHECK(text_of_time(INT64_MAX) == "2262-04-11T23:47:16.854775807Z");
  CHECK(text_of_time(INT64_MIN) == "1677-09-21T00:12:43.145224192Z");
}

class NoCatalog final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return Error{Errc::not_found, "bucket not found"};
  }
};

struct Fixture {
  ManualClock clock{0};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  NoCatalog catalog;
  ExecContext context{*store, catalog, clock};
  CsvDialect dialect;
  std::string out;

  std::string write(std::vector<TablePtr> tables, std::string_view name = "_result") {
    out.clear();
    WriteBytes sink = [this](std::string_view bytes) { return out += bytes, true; };
    AnnotatedCsvWriter writer(dialect, sink);
    CursorPtr cursor = cursor_of(std::move(tables));
    REQUIRE(writer.write_result(context, name, *cursor).ok());
    REQUIRE(writer.finish().ok());
    return out;
  }
  static TablePtr table(std::string text, int64_t number) {
    Chunk chunk;
    chunk.rows = 1;
    chunk.columns = {constant_column(Scalar::of_string(std::move(text)), 1),
                     constant_column(Scalar::of_int(number), 1)};
    return make_table(GroupKey(), {{"t", ColumnType::string}, {"n", ColumnType::integer}},
                      std::move(chunk));
  }
  static std::vector<TablePtr> one(TablePtr table) {
    std::vector<TablePtr> tables;
    tables.push_back(std::move(table));
    return tables;
  }
};

TEST_CASE_FIXTURE(Fixture, "without annotations every row names its result") {
  CHECK(write(one(table("x", 1)), "mean") == ",result,table,t,n\r\n,mean,0,x,1\r\n\r\n");
  dialect.header = false;
  dialect.delimiter = ';';
  CHECK(write(one(table("x;y", 1))) == ";_result;0;\"x;y\";1\r\n\r\n");
}

TEST_CASE_FIXTURE(Fixture, "fields are quoted when RFC 4180 wants it") {
  CHECK(write(one(table("a \"b\", c\nd", 1))).find("\"a \"\"b\"\", c\nd\"") != std::string::npos);
  CHECK(write(one(table(" a", 1))).find("\" a\"") != std::string::npos);
  for (std::string space : {"\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000"})
    CHECK(write(one(table(space, 1))).find("\"" + space + "\"") != std::string::npos);
  for (std::string other : {"°C", "€", "\u2013", "\xe2\x80", "日"})
    CHECK(write(one(table(other, 1))).find("," + other + ",") != std::string::npos);
  CHECK(write(one(table("", 1))).find(",0,,1") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a result without tables is an empty line") {
  CHECK(write({}) == "\r\n");
}

TEST_CASE_FIXTURE(Fixture, "an error is a table of its own") {
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  WriteBytes sink = [this](std::string_view bytes) { return out += bytes, true; };
  AnnotatedCsvWriter writer(dialect, sink);
  REQUIRE(writer.write_error("what, now").ok());
  REQUIRE(writer.finish().ok());
  CHECK(out ==
        "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n"
        ",\"what, now\",\r\n");
}

TEST_CASE_FIXTURE(Fixture, "writing fails when nobody listens") {
  WriteBytes sink = [](std::string_view) { return false; };
  AnnotatedCsvWriter writer(dialect, sink);
  CursorPtr cursor = cursor_of(one(table("x", 1)));
  REQUIRE(writer.write_result(context, "r", *cursor).ok());
  CHECK_FALSE(writer.finish().ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "what is written reads back, and every truncation is an answer or an error") {
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  std::string text = write(one(table("a,\"b\"", -5)));
  auto tables = read_annotated_csv(context, text);
  REQUIRE(tables.ok());
  REQUIRE(tables->size() == 1);
  Chunk chunk;
  REQUIRE(tables->front()->next(chunk).value());
  CHECK(chunk.columns[0]->text(0) == "a,\"b\"");
  CHECK(chunk.columns[1]->int_at(0) == -5);
  for (size_t size = 0; size < text.size(); ++size) {
    auto cut = read_annotated_csv(context, std::string_view(text).substr(0, size));
    if (!cut.ok()) CHECK(cut.error().code == Errc::invalid);
    for (char flipped : {'"', ',', '\n', '#', '\0'}) {
      std::string changed = text;
      changed[size] = flipped;
      auto read = read_annotated_csv(context, changed);
      if (!read.ok()) CHECK(read.error().code == Errc::invalid);
    }
  }
}

}  // namespace
}  // namespace weir::query
