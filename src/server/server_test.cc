#include <doctest/doctest.h>
#include <sys/resource.h>

#include <set>
#include <sstream>

#include "base/file.h"
#include "base/time_text.h"
#include "meta/testing.h"
#include "server/config.h"
#include "server/config_file.h"
#include "server/descriptors.h"
#include "server/environment.h"
#include "server/rules_file.h"
#include "server/sensor.h"
#include "server/sensor_reading.h"
#include "server/units.h"

namespace weir::server {
namespace {

TEST_CASE("a .env file gives names and values, quoted or not, and errors name the line") {
  auto environment = Environment::parse(
      "# the tutorial's\nA_PLAIN=one two\nexport A_QUOTED=\"a \\\"b\\\" # c\"\nA_SINGLE='x y'\n"
      "A_COMMENT=value # why\nA_EMPTY=\n",
      ".env");
  REQUIRE(environment.ok());
  CHECK(environment->get("A_PLAIN")->value == "one two");
  CHECK(environment->get("A_QUOTED")->value == "a \"b\" # c");
  CHECK(environment->get("A_SINGLE")->value == "x y");
  CHECK(environment->get("A_COMMENT")->value == "value");
  CHECK(environment->get("A_PLAIN")->source == ".env:2");
  CHECK_FALSE(environment->get("A_NOTHING").has_value());
  CHECK(environment->first_of({"A_EMPTY", "A_SINGLE"})->value == "x y");
  CHECK(Environment::parse("ok=1\nnot a line\n", ".env").error().message ==
        ".env:2: wanted NAME=value, got `not a line`");
  CHECK_FALSE(Environment::parse("A=\"open\n", ".env").ok());
}

TEST_CASE("durations and sizes are read with their units and refused without sense") {
  CHECK(parse_duration_ns("250ms").value() == 250'000'000);
  CHECK(parse_duration_ns("1.5h").value() == 5'400'000'000'000);
  CHECK(parse_duration_ns("0").value() == 0);
  CHECK_FALSE(parse_duration_ns("5").ok());
  CHECK_FALSE(parse_duration_ns("-1s").ok());
  CHECK(parse_size_bytes("64KiB").value() == 65536);
  CHECK(parse_size_bytes("100").value() == 100);
  CHECK_FALSE(parse_size_bytes("1XB").ok());
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(rfc3339(1'500'000'000) == "1970-01-01T00:00:01.5Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("an unknown setting is refused with its place and the one that was meant") {
  auto file =
      parse_config_file("[mqtt]\nlisen = \":1\"\nmax_inflight = [1]\nlisten = 1\n", "w.toml");
  REQUIRE(file.ok());
  CHECK(file->mistakes ==
        std::vector<std::string>{
            "w.toml:2:1: unknown setting `mqtt.lisen`; did you mean `mqtt.listen`?",
            "w.toml:3:1: `mqtt.max_inflight` wants one string, number or boolean"});
  CHECK(file->values.find("mqtt.listen")->second.value == "1");
  CHECK(parse_config_file("[mqtt\n", "weir.toml").error().message.starts_with("weir.toml:1:"));
  file = parse_config_file("[auto]\nmode = \"on\"\n[[map]]\ntopic = \"a\"\n", "x");
  CHECK((file->values.empty() && file->mistakes.empty()));
}

TEST_CASE("every wrong setting is told at once, whatever its source") {
  auto environment = Environment::parse("WEIR_LOG_LEVEL=loud\nWEIR_MQTT_MAX_INFLIGHT=0\n", ".env");
  auto config = load_config({{"query.duration_max", "soon"}}, "", environment.value(),
                            {{"mqtt.max_packet_sise", "1"}, {"mqtt.max_qos", "3"}});
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().message ==
        "--set: unknown setting `mqtt.max_packet_sise`; did you mean `mqtt.max_packet_size`?\n"
        ".env:2: mqtt.max_inflight: got `0`, wanted a whole number from 1 to 65535\n"
        "--set: mqtt.max_qos: got `3`, wanted a whole number from 0 to 2\n"
        "--query-duration-max: got `soon`, wanted a duration such as 250ms, "
        "1s, 24h or 7d\n"
        ".env:1: log.level: got `loud`, wanted error, warn, info or debug");
}

TEST_CASE("the broker's limits are settings, each within its range") {
  auto config = load_config({{"mqtt.max_qos", "1"},
                             {"mqtt.retain_available", "false"},
                             {"mqtt.topic_alias_max", "0"},
                             {"mqtt.max_packet_size", "2KiB"},
                             {"mqtt.max_keep_alive", "30"}},
                            "", Environment());
  REQUIRE(config.ok());
  CHECK(config->broker.qos_max == 1);
  CHECK_FALSE(config->broker.retain_available);
  CHECK(config->broker.topic_alias_max == 0);
  CHECK(config->broker.packet_bytes_max == 2048);
  CHECK(config->broker.keep_alive_s_max == 30);
  for (auto [key, value] :
       {std::pair("mqtt.max_qos", "3"), std::pair("mqtt.retain_available", "2"),
        std::pair("mqtt.topic_alias_max", "65536"), std::pair("mqtt.max_packet_size", "13"),
        std::pair("mqtt.max_keep_alive", "0"), std::pair("mqtt.max_connections", "0")}) {
    CAPTURE(key);
    CHECK_FALSE(load_config({{key, value}}, "", Environment()).ok());
  }
}

// The configuration of a file with that text.
Result<Config> config_of(std::string_view text, const GivenValues& flags = {}) {
  meta::TempDirectory directory;
  auto file = system_file_system().create(directory.file("weir.toml"));
  REQUIRE(file.ok());
  REQUIRE((*file)->append(text).ok());
  REQUIRE((*file)->close().ok());
  return load_config(flags, directory.file("weir.toml"), Environment());
}

TEST_CASE("two listeners at one address are told of, where the second is given") {
  auto told = [](std::string_view text, const GivenValues& flags = {}) {
    auto config = config_of(text, flags);
    return config.ok()
               ? ""
               : config.error().message.substr(config.error().message.find("weir.toml") + 9);
  };
  CHECK(told("[mqtt]\nlisten = \"127.0.0.1:8086\"\n") ==
        ":2:1: mqtt.listen: the address is taken by http.listen");
  CHECK(told("[http]\nlisten = \"127.0.0.1:1883\"\n") ==
        ":2:1: http.listen: the address is taken by mqtt.listen");
  CHECK(told("[mqtt]\nlisten_websocket = \":8086\"\n[[listener]]\naddress = \"0.0.0.0:1883\"\n")
            .starts_with(":2:1: mqtt.listen_websocket: the address is taken by http.listen\n"));
  CHECK(told("[mqtt]\nlisten_unix = \"/a\"\n[[listener]]\naddress = \"unix:/a\"\n") ==
        ":4:1: listener.address: the address is taken by mqtt.listen_unix");
  CHECK(told("[mqtt]\nlisten = \"off\"\n[[listener]]\naddress = "
             "\"10.0.0.1:1883\"\n[[listener]]\naddress = \"[::1]:1883\"\n"
             "[[listener]]\naddress = \"0.0.0.0:7\"\n[[listener]]\naddress = \"[::1]:7\"\n") == "");
  CHECK(
      told("[[listener]]\naddress = \"127.0.0.1:0\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n") ==
      "");
}

TEST_CASE("a listener has the files and limits of [mqtt], or its own") {
  auto config = config_of(
      "[mqtt]\npassword_file = \"p\"\nacl_file = \"a\"\nmax_keep_alive = 30\n"
      "[[listener]]\naddress = \":1\"\n"
      "[[listener]]\naddress = \":2\"\npassword_file = \"q\"\nmax_keep_alive = 40\n"
      "[[listener]]\naddress = \":3\"\npassword_file = \"\"\nacl_file = \"\"\n"
      "[[listener]]\naddress = \":4\"\nallow_anonymous = true\n");
  REQUIRE_MESSAGE(config.ok(), config.error().message);
  auto told = [&](size_t i) {
    const MqttListener& one = config->mqtt_listeners[i];
    const char* who[] = {"loopback", "everyone", "nobody"};
    return one.access.passwords.path + "," + one.access.topics.path + "," +
           who[static_cast<int>(one.anonymous)] + "," + std::to_string(one.keep_alive_s_max);
  };
  REQUIRE(config->mqtt_listeners.size() == 5);
  CHECK(told(0) == "p,a,nobody,65535");
  CHECK(told(1) == "p,a,nobody,30");
  CHECK(told(2) == "q,a,nobody,40");
  CHECK(told(3) == ",,loopback,30");
  CHECK(told(4) == "p,a,everyone,30");
  // What a refusal names is the setting that would admit the client there.
  CHECK(config->mqtt_listeners[0].anonymous_setting == "mqtt.allow_anonymous");
  for (const auto& [listener, line] : {std::pair(2, 7), std::pair(4, 15)}) {
    const std::string& setting = config->mqtt_listeners[size_t(listener)].anonymous_setting;
    CHECK(setting.starts_with("allow_anonymous of the [[listener]] at "));
    CHECK_MESSAGE(setting.ends_with(fmt::format("weir.toml:{}:1", line)), setting);
  }
  CHECK(config->mqtt_listeners[1].access.topics.setting.ends_with("weir.toml:3:1: mqtt.acl_file"));
  CHECK(config->mqtt_listeners[2].access.passwords.setting.ends_with(
      "weir.toml:9:1: listener.password_file"));
  config = config_of(
      "[mqtt]\nallow_anonymous = true\n[[listener]]\naddress = \":1\"\npassword_file = \"q\"\n");
  REQUIRE(config.ok());
  CHECK(config->mqtt_listeners[1].anonymous == AnonymousPolicy::everyone);
  CHECK(config->mqtt_listeners[1].anonymous_setting == "mqtt.allow_anonymous");
}

TEST_CASE("a listener's mistakes are told once, and none that is another's") {
  auto config = config_of(
      "[mqtt]\nmax_qos = 7\nallow_anonymous = \"perhaps\"\nmax_packet_size = \"huge\"\n"
      "[[listener]]\nadress = \":1\"\n[[listener]]\naddress = \":2\"\nmax_qos = 9\n"
      "[[bridge]]\nname = \"b\"\nurl = \"mqtt://x\"\ntopcs = [\"out #\"]\n");
  REQUIRE_FALSE(config.ok());
  const std::string& told = config.error().message;
  CAPTURE(told);
  CHECK(std::count(told.begin(), told.end(), '\n') + 1 == 6);
  for (const char* part :
       {":2:1: mqtt.max_qos: got `7`", ":3:1: mqtt.allow_anonymous: got `perhaps`",
        ":4:1: mqtt.max_packet_size: got `huge`",
        ":6:1: unknown key `adress` of [[listener]]; did you mean `address`?",
        ":9:1: listener.max_qos: got `9`",
        ":13:1: unknown key `topcs` of [[bridge]]; did you mean `topics`?"}) {
    CAPTURE(part);
    CHECK(told.find(part) != told.npos);
  }
}

TEST_CASE("mistakes of the file come in the order of its lines, then the others") {
  auto config = config_of(
      "[[bridge]]\nname = \"b b\"\nurl = \"mqtt://x\"\ntopics = []\n[log]\nlevel = \"loud\"\n"
      "levl = 1\n[[listener]]\naddress = \":x\"\n[mqtt]\nmax_qos = 7\n",
      {{"mqtt.max_inflight", "0"}});
  REQUIRE_FALSE(config.ok());
  const std::string& told = config.error().message;
  CAPTURE(told);
  size_t at = 0;
  for (const char* part : {":2:1: bridge.name: got `b b`, wanted letters",
                           ":4:1: bridge.topics: got none, wanted [", ":6:1: log.level: got `loud`",
                           ":7:1: unknown setting `log.levl`", ":9:1: listener.address: ",
                           ":11:1: mqtt.max_qos: got `7`", "--mqtt-max-inflight: got `0`"}) {
    CAPTURE(part);
    const size_t found = told.find(part);
    REQUIRE(found != told.npos);
    CHECK(found >= at);
    at = found;
  }
  CHECK(std::count(told.begin(), told.end(), '\n') == 6);
}

TEST_CASE("a mistake of several lines stays together under its place, those beside it are sorted") {
  const std::string list = "w.toml:9:1: listener.acl_file: acl:2: a\nacl:1: b\nacl:3: c";
  const std::string message =
      told_together({list, "--flag: x\nacl:4: y", "w.toml:12:1: d\nw.toml:2:1: e"}, "w.toml")
          .message;
  CHECK(message == "w.toml:2:1: e\n" + list + "\nw.toml:12:1: d\n--flag: x\nacl:4: y");
}

TEST_CASE("a printed configuration stands in columns") {
  auto config = load_config({{"broker.topics", "a/#\nb/#\n"},
                             {"mqtt.acl_file", "/a/path/that/is/longer/than/its/column"}},
                            "", Environment());
  REQUIRE_MESSAGE(config.ok(), config.error().message);
  std::istringstream lines(print_config(*config));
  std::set<size_t> equals, comments;
  size_t count = 0;
  for (std::string line; std::getline(lines, line); count++) {
    equals.insert(line.find(" = "));
    if (!line.starts_with("mqtt.acl_file")) comments.insert(line.rfind("  # "));
    if (line.starts_with("broker.topics")) CHECK(line.find("a/#, b/# ") != line.npos);
  }
  CHECK(count == all_settings().size());
  CHECK(equals.size() == 1);
  CHECK(comments.size() == 1);
}

TEST_CASE("a variable of weir's name that is no setting is warned of") {
  auto environment = Environment::parse("WEIR_MQTT_LISTN=:1\nOTHER=1\n", ".env");
  auto config = load_config({}, "", environment.value());
  REQUIRE(config.ok());
  CHECK(config->warnings ==
        std::vector<std::string>{
            ".env:1: WEIR_MQTT_LISTN is no setting of weir; did you mean `WEIR_MQTT_LISTEN`?"});
}

TEST_CASE("mistakes in rules are told with file, line and column, in order") {
  auto rules =
      parse_rules_file("[[map]]\ntopic = \"a\"\nmesurement = \"x\"\n[auto]\nmod = 1\n", "w.toml");
  REQUIRE_FALSE(rules.ok());
  CHECK(rules.error().message.starts_with("w.toml:3:1: unknown key"));
  CHECK(rules.error().message.find("\nw.toml:5:1: unknown key") != std::string::npos);
}

TEST_CASE("a sensor refuses a topic with wildcards instead of trying for ever") {
  SensorOptions options;
  options.topic = "a/#";
  CHECK(run_sensor(options, SystemClock(), std::atomic<bool>(false)).error().code == Errc::invalid);
}

TEST_CASE("flags win over the environment, the environment over defaults") {
  auto environment = Environment::parse(
      "WEIR_HTTP_LISTEN=127.0.0.1:1\nWEIR_LOG_LEVEL=debug\nINFLUXDB_USERNAME=u\n"
      "INFLUXDB_PASSWORD=password\nINFLUXDB_ORG=o\nINFLUXDB_BUCKET=b\nINFLUXDB_TOKEN=t\n",
      ".env");
  auto config = load_config({{"http.listen", "127.0.0.1:2"}}, "", environment.value());
  REQUIRE(config.ok());
  CHECK(config->http_listen.port == 2);
  CHECK(config->values.find("http.listen")->second.source == "--http-listen");
  CHECK(config->log_level == log::Level::debug);
  CHECK(config->values.find("log.level")->second.source == ".env:2");
  REQUIRE(config->mqtt_listeners.size() == 1);
  CHECK(config->mqtt_listeners[0].address.port == 1883);
  REQUIRE(config->first_set_up.has_value());
  CHECK(config->first_set_up->token == "t");

  auto wrong = load_config({{"store.durability", "sometimes"}}, "", Environment());
  CHECK(wrong.error().message.find("--store-durability") != std::string::npos);
}

TEST_CASE("the first set-up takes the container image's names, and says what it lacks") {
  auto container = Environment::parse(
      "DOCKER_INFLUXDB_INIT_USERNAME=u\nDOCKER_INFLUXDB_INIT_PASSWORD=password\n"
      "DOCKER_INFLUXDB_INIT_ORG=o\nDOCKER_INFLUXDB_INIT_BUCKET=b\n"
      "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN=t\nDOCKER_INFLUXDB_INIT_RETENTION=7d\n"
      "INFLUXDB_BUCKET=mine\n",
      ".env");
  auto config = load_config({}, "", container.value());
  REQUIRE(config.ok());
  REQUIRE(config->first_set_up.has_value());
  CHECK(config->first_set_up->username == "u");
  CHECK(config->first_set_up->bucket == "mine");
  CHECK(config->first_set_up->token == "t");
  CHECK(config->first_set_up->retention_ns == int64_t{7} * 86'400 * 1'000'000'000);
  CHECK(config->set_up_lacks.empty());

  auto half = Environment::parse("INFLUXDB_USERNAME=u\nINFLUXDB_PASSWORD=password\n", ".env");
  config = load_config({}, "", half.value());
  REQUIRE(config.ok());
  CHECK_FALSE(config->first_set_up.has_value());
  CHECK(config->set_up_lacks == "INFLUXDB_ORG, INFLUXDB_BUCKET");

  auto client = Environment::parse("INFLUXDB_TOKEN=t\nINFLUXDB_ORG=o\n", ".env");
  CHECK(load_config({}, "", client.value())->set_up_lacks.empty());
}

TEST_CASE("every setting is documented with its default") {
  auto document = system_file_system().read(WEIR_TEST_DIR "/../docs/configuration.md");
  REQUIRE(document.ok());
  for (const Setting& setting : all_settings()) {
    CAPTURE(setting.key);
    std::string row = "| `" + std::string(setting.key) + "` | ";
    if (!setting.initial.empty()) row += "`" + std::string(setting.initial) + "` ";
    CHECK(document->find(row + "|") != document->npos);
  }
}

TEST_CASE("the limit on open files is raised as far as may be") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit low{256, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  CHECK(raise_descriptor_limit() == before.rlim_max);
  rlimit after{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("connections leave room for the other files, as far as there is any") {
  CHECK(connections_within(1'000'000, 20'000) == 20'000);
  CHECK(connections_within(22'000, 20'000) == 20'000);
  CHECK(connections_within(20'000, 20'000) == 18'000);
  CHECK(connections_within(1024, 20'000) == 512);
  CHECK(connections_within(0, 20'000) == 1);
}

TEST_CASE("a broker URL gives host, port and account") {
  mqtt::PublisherOptions options;
  REQUIRE(parse_sensor_url("mqtt://me:p@ss@example.org:1884", options).ok());
  CHECK(options.host == "example.org");
  CHECK(options.port == 1884);
  CHECK(options.user == "me");
  CHECK(options.password == "p@ss");
  REQUIRE(parse_sensor_url("[::1]:7", options).ok());
  CHECK(options.host == "::1");
  CHECK_FALSE(parse_sensor_url("http://x", options).ok());
  CHECK_FALSE(parse_sensor_url("mqtt://x:99999", options).ok());
}

TEST_CASE("the tutorial's sensor measures whole numbers from 0 to 30, the same for a seed") {
  auto one = make_sensor_reading("random", 7, 1).value();
  auto same = make_sensor_reading("random", 7, 1).value();
  bool differs_over_time = false;
  std::string first = one->next(0);
  CHECK(first == same->next(0));
  for (int i = 0; i < 1000; i++) {
    std::string payload = one->next(i);
    int value = std::stoi(payload);
    CHECK(std::to_string(value) == payload);
    CHECK(value >= 0);
    CHECK(value <= 30);
    differs_over_time = differs_over_time || payload != first;
  }
  CHECK(differs_over_time);
  CHECK_FALSE(make_sensor_reading("heat", 1, 1).ok());
}

}  // namespace
}  // namespace weir::server
