// The whole program in one process, over real sockets: how it starts, fails to start, and stops.
#include "server/app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "base/file.h"
#include "meta/testing.h"
#include "net/blocking_socket.h"

namespace weir::server {
namespace {

constexpr int64_t kPatienceMs = 30'000;
constexpr const char* kSetUp =
    "INFLUXDB_USERNAME=u\nINFLUXDB_PASSWORD=password\nINFLUXDB_ORG=o\nINFLUXDB_BUCKET=b\n";

Config config_in(const meta::TempDirectory& directory, const std::string& mqtt_listen,
                 std::string_view environment) {
  log::set_level(log::Level::error);
  auto config = load_config({{"data_dir", directory.file("data")},
                             {"mqtt.listen", mqtt_listen},
                             {"http.listen", "127.0.0.1:0"}},
                            "", Environment::parse(environment, ".env").value());
  REQUIRE(config.ok());
  return std::move(config).value();
}

net::BlockingSocket connect(const std::string& address) {
  const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  auto socket = net::BlockingSocket::connect("127.0.0.1", port, kPatienceMs);
  REQUIRE(socket.ok());
  return std::move(*socket);
}

// Sends, and waits for the first bytes of the answer.
std::string ask(net::BlockingSocket& socket, std::string_view request) {
  REQUIRE(socket.send_all(request, kPatienceMs).ok());
  std::string answer;
  REQUIRE(socket.receive(answer, kPatienceMs).ok());
  return answer;
}

TEST_CASE("an address that is taken ends the start, which can then be tried again") {
  meta::TempDirectory first_directory, second_directory;
  const Config first_config = config_in(first_directory, "127.0.0.1:0", "");
  auto first = App::start(first_config, {});
  REQUIRE(first.ok());
  const std::string taken = (*first)->mqtt_address();
  CHECK_FALSE((*first)->is_set_up());

  const Config second_config = config_in(second_directory, taken, kSetUp);
  auto second = App::start(second_config, {});
  REQUIRE_FALSE(second.ok());
  CHECK_MESSAGE(second.error().message.starts_with(
                    "mqtt.listen: " + taken +
                    ": address already in use; stop what listens there, or choose another address"),
                second.error().message);
  CHECK_FALSE(system_file_system().exists(second_config.data_dir));

  REQUIRE((*first)->stop().ok());
  second = App::start(second_config, {});
  REQUIRE(second.ok());
  CHECK_FALSE((*second)->generated_token().empty());
  CHECK((*second)->stop().ok());
}

TEST_CASE("whatever is wrong before the start leaves no data directory behind") {
  meta::TempDirectory directory;
  Config config = config_in(directory, "127.0.0.1:0", kSetUp);
  SUBCASE("an access list") { config.access.topics = {"/no/such/file", "mqtt.acl_file"}; }
  SUBCASE("a certificate") {
    config.http_tls = std::make_shared<net::TlsServerOptions>(
        net::TlsServerOptions{.certificates = {{"/no/such/file", "/no/such/file"}}});
  }
  SUBCASE("an address twice") {
    config.http_listen = {"127.0.0.1", 1};  // nobody may listen there, or somebody does
    config.mqtt_listeners[0].address = config.http_listen;
  }
  CHECK_FALSE(App::start(config, {}).ok());
  CHECK_FALSE(system_file_system().exists(config.data_dir));
}

TEST_CASE("a set-up whose start fails after it tells its token, and stands") {
  meta::TempDirectory directory;
  const Config config = config_in(directory, "127.0.0.1:0", kSetUp);
  FileSystem& files = system_file_system();
  REQUIRE(files.create_directories(config.data_dir).ok());
  REQUIRE(files.create(config.data_dir + "/broker").ok());  // where the journal's directory goes
  auto app = App::start(config, {});
  REQUIRE_FALSE(app.ok());
  CHECK(app.error().message.find("API token      ") != std::string::npos);
  REQUIRE(files.remove(config.data_dir + "/broker").ok());
  app = App::start(config, {});
  REQUIRE(app.ok());
  CHECK((*app)->is_set_up());
  CHECK((*app)->generated_token().empty());  // it was set up, and told, the first time
  auto other = App::start(config, {});
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().message.ends_with("another process holds it; stop the weir that uses " +
                                        config.data_dir +
                                        ", or give this one another directory (--data-dir)"));
  CHECK((*app)->stop().ok());
}

TEST_CASE("a stop ends idle, live and MQTT connections, and leaves what was written") {
  meta::TempDirectory directory;
  const Config config =
      config_in(directory, "127.0.0.1:0", std::string(kSetUp) + "INFLUXDB_TOKEN=t\n");
  auto app = App::start(config, {});
  REQUIRE(app.ok());
  auto idle = connect((*app)->http_address());
  CHECK(ask(idle,
            "POST /api/v2/write?bucket=b HTTP/1.1\r\nHost: w\r\nAuthorization: Token t\r\n"
            "Content-Length: 6\r\n\r\nm f=42")
            .starts_with("HTTP/1.1 204"));
  auto live = connect((*app)->http_address());
  CHECK(ask(live,
            "GET /api/v2/weir/live HTTP/1.1\r\nHost: w\r\nAuthorization: Token t\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            .starts_with("HTTP/1.1 101"));
  auto half = connect((*app)->http_address());  // a request that never ends
  REQUIRE(half.send_all("POST /api/v2/write HTTP/1.1\r\n", kPatienceMs).ok());
  auto client = connect((*app)->mqtt_address());
  const std::string hello(
      "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
      "a",
      15);
  CHECK(ask(client, hello) == std::string("\x20\x02\x00\x00", 4));
  const auto began = std::chrono::steady_clock::now();
  CHECK((*app)->stop().ok());
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  for (net::BlockingSocket* socket : {&idle, &live, &half, &client}) {
    std::string rest;
    while (true) {
      auto got = socket->receive(rest, kPatienceMs);
      if (!got.ok() || *got == 0) break;
    }
  }
  app->reset();  // lets go of the directory
  app = App::start(config, {});
  REQUIRE(app.ok());
  auto again = connect((*app)->http_address());
  CHECK(ask(again,
            "POST /api/v2/query HTTP/1.1\r\nHost: w\r\nAuthorization: Token t\r\n"
            "Content-Type: application/vnd.flux\r\nContent-Length: 34\r\n\r\n"
            "from(bucket:\"b\") |> range(start:0)")
            .find(",42,f,m") != std::string::npos);
  CHECK((*app)->stop().ok());
}

}  // namespace
}  // namespace weir::server
