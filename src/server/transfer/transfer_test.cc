// The parts of imports that need no server; test/e2e/migration_test.py has the rest.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "server/transfer/csv_columns.h"
#include "server/transfer/import_source.h"
#include "server/transfer/import_state.h"
#include "server/transfer/line_check.h"
#include "server/transfer/progress.h"

namespace weir::server {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-transfer-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string line_of(const CsvAnnotations& annotations, const CsvCells& header,
                    const CsvCells& row) {
  auto columns = CsvColumns::make(annotations, header);
  if (!columns.ok()) return "error: " + columns.error().message;
  std::string line;
  auto made = columns->append_line(line, row);
  if (!made.ok()) return "error: " + made.error().message;
  return *made ? line : "nothing";
}

CsvAnnotations annotations(std::vector<CsvCells> rows) {
  CsvAnnotations made;
  for (CsvCells& row : rows) REQUIRE(made.add(std::move(row)).ok());
  return made;
}

TEST_CASE("columns of each type become parts of a line") {
  const auto typed = annotations({{"#datatype measurement", "tag", "double", "unsignedLong",
                                   "boolean", "ignored", "dateTime:RFC3339"},
                                  {"#default ", "none", "", "", "", "", ""}});
  const CsvCells header = {"m", "a tag", "f", "u", "b", "x", "time"};
  CHECK(line_of(typed, header, {"my m", "a,b", "1.50", "7", "t", "no", "1970-01-01T00:00:01Z"}) ==
        "my\\ m,a\\ tag=a\\,b f=1.5,u=7u,b=true 1000000000\n");
  CHECK(line_of(typed, header, {"m", "", "2"}) == "m,a\\ tag=none f=2\n");
  CHECK(line_of(typed, header, {"m", "", ""}) == "nothing");
  CHECK(line_of(typed, header, {"", "", "1"}) == "error: has no measurement");
  CHECK(line_of(typed, header, {"m", "", "1", "-1"}) ==
        "error: column 4 (u): got `-1`, wanted a unsignedLong");
  CHECK(line_of(typed, header, {"m", "", "1", "", "", "", "", "8"}) ==
        "error: got 8 columns, the header has 7");
  CHECK(line_of({}, {"m|measurement", "t|tag", "v|long|5"}, {"m", "a", ""}) == "m,t=a v=5i\n");
}

TEST_CASE("a query's answer names its columns") {
  const auto answered = annotations(
      {{"#datatype", "string", "long", "dateTime:RFC3339", "dateTime:RFC3339", "dateTime:RFC3339",
        "double", "string", "string", "string"},
       {"#group", "false", "false", "true", "true", "false", "false", "true", "true", "true"},
       {"#default", "_result", "", "", "", "", "", "", "", ""}});
  const CsvCells header = {"",      "result", "table",  "_start",       "_stop",
                           "_time", "_value", "_field", "_measurement", "room"};
  CHECK(line_of(answered, header,
                {"", "", "0", "1970-01-01T00:00:00Z", "1970-01-01T00:00:09Z",
                 "1970-01-01T00:00:00.000000005Z", "21.5", "temp", "home", "hall"}) ==
        "home,room=hall temp=21.5 5\n");
}

TEST_CASE("a header that means nothing is refused with the column and what helps") {
  CHECK(line_of({}, {"a", "b"}, {}).starts_with("error: column 1 (a): has no type: wanted a "));
  CHECK(line_of(annotations({{"#datatype tag", "decimal"}}), {"a", "b"}, {})
            .starts_with("error: column 2 (b): type: got `decimal`, wanted measurement, tag"));
  CHECK(line_of(annotations({{"#datatype tag", "long"}}), {"a", "b"}, {}) ==
        "error: wanted one column of type measurement, or _measurement");
  CsvAnnotations zoned;
  CHECK_FALSE(zoned.add({"#timezone Local", ""}).ok());
}

std::vector<LineBatch> batches_of(ImportSource& source) {
  std::vector<LineBatch> batches;
  LineBatch batch;
  for (auto next = source.next(batch);; next = source.next(batch)) {
    REQUIRE_MESSAGE(next.ok(), (next.ok() ? "" : next.error().message));
    if (!*next) return batches;
    batches.push_back(batch);
  }
}

TEST_CASE("a file of lines is cut at lines, and goes on at each batch's position") {
  Folder folder;
  std::string text;
  for (size_t i = 0; i < 2 * kBatchLinesMax + 5; i++) {
    text += "m v=" + std::to_string(i) + ",s=\"a\nb\" 1\n";
  }
  const std::string path = folder.file("in.lp", text);
  auto source = open_line_file(path, "b", model::Precision::ns);
  REQUIRE(source.ok());
  const auto batches = batches_of(**source);
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].lines + batches[1].lines + batches[2].lines == text);
  CHECK(batches[1].first_line == 2 * kBatchLinesMax + 1);
  for (size_t i = 0; i < batches.size(); i++) {
    auto again = open_line_file(path, "b", model::Precision::ns);
    REQUIRE(again.ok());
    REQUIRE((*again)->resume(batches[i].position).ok());
    const auto rest = batches_of(**again);
    REQUIRE(rest.size() == batches.size() - i - 1);
    if (!rest.empty()) CHECK(rest[0].lines == batches[i + 1].lines);
  }
  auto shorter = open_line_file(folder.file("short.lp", "m v=1\n"), "b", model::Precision::ns);
  CHECK_FALSE((*shorter)->resume(batches[0].position).ok());
}

TEST_CASE("an open quote costs its line, and CSV keeps line numbers over quoted breaks") {
  Folder folder;
  Rejects rejects(folder.path("rejects"), false);
  LineCheck check({}, 0, rejects);
  LineBatch batch;
  batch.lines = "a v=1 1\nb s=\"open 2\nc v=\"two\nlines\" 3\nd 4\ne v=5 5\n";
  batch.origin = "in.lp";
  batch.first_line = 1;
  check.run(batch);
  CHECK(batch.points == 3);
  CHECK(batch.lines == "a v=1 1\n\nc v=\"two\nlines\" 3\n\ne v=5 5\n");
  CHECK(check.series() == 3);
  CHECK(rejects.count() == 2);
  std::ifstream kept(folder.path("rejects"));
  const std::string text((std::istreambuf_iterator<char>(kept)), {});
  CHECK(text ==
        "# in.lp:2: unbalanced quotes\nb s=\"open 2\n# in.lp:5: invalid field format\nd 4\n");

  const std::string csv = folder.file(
      "in.csv",
      "#datatype measurement,string,long\r\nm,s,l\r\na,\"x\r\ny\",1\r\nb,z,no\r\nc,,3\r\n");
  auto source = open_csv_file(csv, "b", rejects);
  REQUIRE(source.ok());
  const auto batches = batches_of(**source);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].lines == "\n\na s=\"x\r\ny\",l=1i\n\nc l=3i\n");
  CHECK(rejects.reasons().count("column 3 (l): got `no`, wanted a long") == 1);
}

TEST_CASE("only what lies in the range is kept") {
  Rejects rejects("", false);
  LineCheck check({2, 4}, 3, rejects);
  LineBatch batch;
  batch.lines = "m v=1 1\nm v=2 2\nm v=3\nm v=4 4\n";
  check.run(batch);
  CHECK(batch.lines == "\nm v=2 2\nm v=3\n\n");
  CHECK(check.first_time_ns() == 2);
  CHECK(check.last_time_ns() == 3);
}

TEST_CASE("a state comes back, anything else is none") {
  Folder folder;
  const std::string path = folder.path("state");
  CHECK_FALSE(load_import_state(path));
  REQUIRE(save_import_state(path, {"id", 2, "{\"offset\":7}", 123}).ok());
  REQUIRE(save_import_state(path, {"id", 3, "{\"offset\":8}", 456}).ok());
  const auto state = load_import_state(path);
  REQUIRE(state);
  CHECK(state->source == 3);
  CHECK(state->position == "{\"offset\":8}");
  CHECK(state->points == 456);
  for (const char* other : {"", "{}", "[1]", "{\"import\":5}", "\x80"}) {
    folder.file("state", other);
    CHECK_FALSE(load_import_state(path));
  }
}

TEST_CASE("numbers and durations read well") {
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(spelled_duration(1.52) == "1.5 s");
  CHECK(spelled_duration(42.9) == "42 s");
  CHECK(spelled_duration(3723) == "1:02:03");
}

}  // namespace
}  // namespace weir::server
