#include "server/link_state.h"

#include <doctest/doctest.h>

#include "base/fault_file_system.h"

namespace weir::server {
namespace {

BrokerLink link_to(const std::string& url) {
  BrokerLink link;
  link.url = parse_broker_url(url).value();
  return link;
}

TEST_CASE("a client identifier is made once and kept, with what the broker's session holds") {
  FaultFileSystem files;
  REQUIRE(files.create_directories("d").ok());
  LinkState first(files, "d/broker.json");
  REQUIRE(first.open(link_to("mqtt://h"), "").ok());
  CHECK(first.client_id().starts_with("weir"));
  CHECK(first.client_id().size() <= 23);
  CHECK(first.held().empty());
  REQUIRE(first.remember({"a/#", "b"}).ok());
  LinkState again(files, "d/broker.json");
  REQUIRE(again.open(link_to("mqtt://h"), "").ok());
  CHECK(again.client_id() == first.client_id());
  CHECK(again.held() == std::set<std::string>{"a/#", "b"});
}

TEST_CASE("what another broker, identifier or user holds is not known") {
  FaultFileSystem files;
  REQUIRE(files.create_directories("d").ok());
  LinkState first(files, "d/broker.json");
  REQUIRE(first.open(link_to("mqtt://h"), "").ok());
  REQUIRE(first.remember({"a"}).ok());
  BrokerLink other_user = link_to("mqtt://h");
  other_user.user = "u";
  BrokerLink other_id = link_to("mqtt://h");
  other_id.client_id = "mine";
  for (const BrokerLink& link : {link_to("mqtt://elsewhere"), other_user, other_id}) {
    LinkState state(files, "d/broker.json");
    REQUIRE(state.open(link, "").ok());
    CHECK(state.held().empty());
    if (link.client_id.empty()) CHECK(state.client_id() == first.client_id());
    REQUIRE(state.remember({"a"}).ok());
    REQUIRE(LinkState(files, "d/broker.json").open(link_to("mqtt://h"), "").ok());
  }
}

TEST_CASE("a state that cannot be read is made anew") {
  FaultFileSystem files;
  REQUIRE(files.create_directories("d").ok());
  auto file = files.create("d/broker.json");
  REQUIRE(file.ok());
  REQUIRE((*file)->append("{\"ownClientID\": 7, \"subscr").ok());
  LinkState state(files, "d/broker.json");
  REQUIRE(state.open(link_to("mqtt://h"), "plant").ok());
  CHECK(state.client_id().starts_with("weirplant"));
}

}  // namespace
}  // namespace weir::server
