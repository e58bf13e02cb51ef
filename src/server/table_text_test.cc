#include "server/table_text.h"

#include <doctest/doctest.h>

namespace weir::server {
namespace {

constexpr std::string_view kAnswer =
    "#datatype,string,long,dateTime:RFC3339,double,string,string\r\n"
    "#group,false,false,false,false,true,false\r\n"
    "#default,_result,,,,,\r\n"
    ",result,table,_time,_value,room,note\r\n"
    ",,0,2026-01-01T00:00:00Z,20.5,hall,\"a \"\"b\"\", c\"\r\n"
    ",,0,2026-01-01T00:00:10Z,,hall,\r\n"
    ",,1,2026-01-01T00:00:00Z,-3,attic,x\r\n"
    "\r\n";

TEST_CASE("annotated CSV becomes one aligned table for each stream table") {
  auto text = csv_to_text_tables(kAnswer);
  REQUIRE(text.ok());
  CHECK(*text ==
        "room=hall\n"
        "  _time                 _value  note\n"
        "  2026-01-01T00:00:00Z    20.5  a \"b\", c\n"
        "  2026-01-01T00:00:10Z\n"
        "\n"
        "room=attic\n"
        "  _time                 _value  note\n"
        "  2026-01-01T00:00:00Z      -3  x\n"
        "\n");
}

TEST_CASE("annotated CSV becomes typed JSON lines, nulls left out") {
  auto text = csv_to_json_lines(kAnswer);
  REQUIRE(text.ok());
  CHECK(*text ==
        "{\"result\":\"_result\",\"table\":0,\"_time\":\"2026-01-01T00:00:00Z\",\"_value\":20.5,"
        "\"room\":\"hall\",\"note\":\"a \\\"b\\\", c\"}\n"
        "{\"result\":\"_result\",\"table\":0,\"_time\":\"2026-01-01T00:00:10Z\",\"room\":\"hall\","
        "\"note\":\"\"}\n"
        "{\"result\":\"_result\",\"table\":1,\"_time\":\"2026-01-01T00:00:00Z\",\"_value\":-3,"
        "\"room\":\"attic\",\"note\":\"x\"}\n");
}

TEST_CASE("an error table in the answer is an error, and so is what is not annotated CSV") {
  auto failed = csv_to_text_tables(
      "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n"
      ",memory limit exceeded,\r\n");
  CHECK(failed.error().message == "memory limit exceeded");
  CHECK_FALSE(csv_to_text_tables("a,b\n1,2\n").ok());
  CHECK(csv_to_text_tables("").value().empty());
}

}  // namespace
}  // namespace weir::server
