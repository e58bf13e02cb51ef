// The Paho client for C++ against a running broker, as a program of its own would use it: one run
// makes every exchange over one URL in one protocol version, and exits with 1 and a line that says
// what went wrong. Run by paho_cpp_test.py: paho_cpp_client URL VERSION [CA-FILE].
#include <mqtt/async_client.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
constexpr auto kDeadline = 30s;

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

struct Broker {
  std::string url, ca_file;
  int version = MQTTVERSION_3_1_1;
  bool is_v5() const { return version == MQTTVERSION_5; }
  // Topics and client identifiers of one run do not meet those of another.
  std::string name(const std::string& text) const {
    return "cpp/" + std::to_string(version) + "/" + url.substr(0, url.find(':')) + "/" + text;
  }
};

class Client {
 public:
  Client(const Broker& broker, const std::string& id)
      : broker_(broker),
        client_(broker.url, broker.name(id), mqtt::create_options(broker.version)) {
    client_.start_consuming();
  }

  // Whether the broker had a session for it.
  bool connect(bool fresh = true, const mqtt::message_ptr& will = nullptr) {
    mqtt::connect_options_builder options;
    options.mqtt_version(broker_.version);
    if (broker_.is_v5()) {
      options.clean_start(fresh);
      mqtt::properties properties;
      properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, fresh ? 0 : 300});
      options.properties(properties);
    } else {
      options.clean_session(fresh);
    }
    if (will) options.will(*will);
    if (!broker_.ca_file.empty()) {
      mqtt::ssl_options ssl;
      ssl.set_trust_store(broker_.ca_file);
      options.ssl(ssl);
    }
    auto token = client_.connect(options.finalize());
    expect(token->wait_for(kDeadline), "CONNECT is not answered");
    return token->get_connect_response().is_session_present();
  }

  void subscribe(const std::string& filter, int qos) {
    expect(client_.subscribe(broker_.name(filter), qos)->wait_for(kDeadline), "SUBSCRIBE");
  }
  void publish(const mqtt::message_ptr& message) { publish(std::vector{message}); }
  void publish(const std::vector<mqtt::message_ptr>& messages) {
    std::vector<mqtt::delivery_token_ptr> tokens;
    for (const mqtt::message_ptr& message : messages) tokens.push_back(client_.publish(message));
    for (const mqtt::delivery_token_ptr& token : tokens) {
      expect(token->wait_for(kDeadline), "a PUBLISH is not acknowledged");
    }
  }
  void disconnect() { expect(client_.disconnect()->wait_for(kDeadline), "DISCONNECT"); }

  // The next message; an error after the deadline.
  mqtt::const_message_ptr next(const std::string& of_what) {
    mqtt::const_message_ptr message;
    expect(client_.try_consume_message_for(&message, kDeadline), "no message: " + of_what);
    expect(message != nullptr, "the connection was lost: " + of_what);
    return message;
  }

  mqtt::message_ptr message(const std::string& topic, const std::string& payload, int qos,
                            bool retained = false) const {
    return mqtt::make_message(broker_.name(topic), payload, qos, retained);
  }

 private:
  const Broker& broker_;
  mqtt::async_client client_;
};

// Messages numbered from 0, of QoS number % 3 or, without QoS 0, 1 + number % 2. Those of one QoS
// come in order; between them the client itself changes it, as it hands QoS 2 on at their PUBREL.
void send_numbered(Client& publisher, const std::string& topic, int count, bool with_qos_0) {
  std::vector<mqtt::message_ptr> messages;
  for (int i = 0; i < count; i++) {
    int qos = with_qos_0 ? i % 3 : 1 + i % 2;
    messages.push_back(publisher.message(topic, std::to_string(i), qos));
  }
  publisher.publish(messages);
}

void expect_numbered(Client& subscriber, int count, bool with_qos_0) {
  int step = with_qos_0 ? 3 : 2;
  std::vector<int> wanted = {0, 1, 2};  // next, by QoS
  if (!with_qos_0) wanted = {count, 0, 1};
  for (int i = 0; i < count; i++) {
    mqtt::const_message_ptr got = subscriber.next("number " + std::to_string(i) + " of them");
    auto qos = static_cast<size_t>(got->get_qos());
    expect(got->to_string() == std::to_string(wanted[qos]), "QoS " + std::to_string(qos) + ": " +
                                                                got->to_string() + " in place of " +
                                                                std::to_string(wanted[qos]));
    wanted[qos] += step;
  }
}

void exchange_with_every_qos(const Broker& broker) {
  Client subscriber(broker, "subscriber"), publisher(broker, "publisher");
  subscriber.connect();
  publisher.connect();
  subscriber.subscribe("every/qos", 2);
  send_numbered(publisher, "every/qos", 90, true);
  expect_numbered(subscriber, 90, true);
  publisher.disconnect();
  subscriber.disconnect();
}

void keep_a_retained_message(const Broker& broker) {
  Client publisher(broker, "keeper");
  publisher.connect();
  publisher.publish(publisher.message("kept", "21.5", 1, true));
  Client late(broker, "late");
  late.connect();
  late.subscribe("kept", 1);
  mqtt::const_message_ptr got = late.next("the retained one");
  expect(got->is_retained() && got->to_string() == "21.5", "not the retained message");
  publisher.publish(publisher.message("kept", "", 1, true));
  expect(!late.next("the empty one")->is_retained(), "a live message marked as retained");
  late.disconnect();
  publisher.disconnect();
}

// A second client of the same identifier takes the first one's place: its will is due.
void leave_a_will(const Broker& broker) {
  Client watcher(broker, "watcher"), first(broker, "taken over");
  watcher.connect();
  watcher.subscribe("will", 1);
  first.connect(true, first.message("will", "gone", 1));
  Client second(broker, "taken over");
  second.connect();
  expect(watcher.next("the will")->to_string() == "gone", "another will");
  second.disconnect();
  watcher.disconnect();
}

void queue_for_an_absent_client(const Broker& broker) {
  {
    Client absent(broker, "absent");
    expect(!absent.connect(false), "a session before the first connection");
    absent.subscribe("queued", 2);
    absent.disconnect();
  }
  Client publisher(broker, "meanwhile");
  publisher.connect();
  send_numbered(publisher, "queued", 20, false);
  publisher.disconnect();
  Client back(broker, "absent");
  bool is_present = back.connect(false);
  // MQTT 3.1 has no way to say it.
  expect(is_present || broker.version == MQTTVERSION_3_1, "the session is gone");
  expect_numbered(back, 20, false);
  back.disconnect();
  Client end(broker, "absent");
  expect(!end.connect(true), "a clean start that is not");
  end.disconnect();
}

void pass_properties_on(const Broker& broker) {
  Client subscriber(broker, "answering"), publisher(broker, "asking");
  subscriber.connect();
  publisher.connect();
  subscriber.subscribe("request", 1);
  mqtt::properties properties;
  properties.add({mqtt::property::CONTENT_TYPE, "text/plain"});
  properties.add({mqtt::property::RESPONSE_TOPIC, broker.name("response")});
  properties.add({mqtt::property::CORRELATION_DATA, mqtt::binary("\x00\x01\xff", 3)});
  properties.add({mqtt::property::MESSAGE_EXPIRY_INTERVAL, 600});
  properties.add({mqtt::property::USER_PROPERTY, "unit", "°C"});
  properties.add({mqtt::property::USER_PROPERTY, "unit", "K"});
  mqtt::message_ptr message = publisher.message("request", "17", 1);
  message->set_properties(properties);
  publisher.publish(message);

  mqtt::const_message_ptr got = subscriber.next("with properties");
  const mqtt::properties& had = got->get_properties();
  expect(mqtt::get<std::string>(had, mqtt::property::CONTENT_TYPE) == "text/plain", "content type");
  expect(mqtt::get<std::string>(had, mqtt::property::RESPONSE_TOPIC) == broker.name("response"),
         "response topic");
  expect(mqtt::get<mqtt::binary>(had, mqtt::property::CORRELATION_DATA) ==
             mqtt::binary("\x00\x01\xff", 3),
         "correlation data");
  auto expiry = mqtt::get<uint32_t>(had, mqtt::property::MESSAGE_EXPIRY_INTERVAL);
  expect(expiry > 500 && expiry <= 600, "message expiry interval");
  expect(had.count(mqtt::property::USER_PROPERTY) == 2, "user properties");
  auto second = mqtt::get<mqtt::string_pair>(had, mqtt::property::USER_PROPERTY, 1);
  expect(std::get<0>(second) == "unit" && std::get<1>(second) == "K", "order of user properties");
  publisher.disconnect();
  subscriber.disconnect();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: paho_cpp_client URL VERSION [CA-FILE]; VERSION 3 is 3.1, 4 is 3.1.1\n");
    return 2;
  }
  Broker broker{argv[1], argc > 3 ? argv[3] : "", std::atoi(argv[2])};
  try {
    exchange_with_every_qos(broker);
    keep_a_retained_message(broker);
    leave_a_will(broker);
    queue_for_an_absent_client(broker);
    if (broker.is_v5()) pass_properties_on(broker);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s, version %d: %s\n", broker.url.c_str(), broker.version, error.what());
    return 1;
  }
  return 0;
}
