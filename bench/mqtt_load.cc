// Publishes over MQTT 3.1.1 from many connections and counts what subscribers get.
//
// Every publisher keeps at most `window` messages outstanding: unacknowledged with QoS 1 and, where
// there are subscribers, undelivered, so that a broker's limits are met as late as possible.
// With --rate so many messages a second are published instead, whatever becomes of them, each with
// the time of its sending, and subscribers tell how long it took to reach them. Prints one JSON
// object.
//   mqtt_load --port P --publishers 50 --subscribers 1 --topics 1000 --count 1000000 --qos 0
//             --user U --password T

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/load_tool.h"

namespace weir::bench {
namespace {

void append_remaining_length(std::string& out, size_t length) {
  do {
    auto byte = static_cast<unsigned char>(length & 0x7f);
    length >>= 7;
    out += static_cast<char>(length != 0 ? byte | 0x80 : byte);
  } while (length != 0);
}

void append_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size() >> 8);
  out += static_cast<char>(text.size() & 0xff);
  out += text;
}

std::string packet(int first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  append_remaining_length(out, body.size());
  return out + body;
}

std::string connect_packet(const std::string& client, const Options& options) {
  std::string user = options.text("user", ""), body;
  append_text(body, "MQTT");
  body += '\x04';
  body += static_cast<char>(user.empty() ? 0x02 : 0xc2);
  body += std::string("\x00\x3c", 2);
  append_text(body, client);
  if (!user.empty()) append_text(body, user), append_text(body, options.text("password", ""));
  return packet(0x10, body);
}

// Cuts whole packets off a buffer: calls visit(first byte, body) for each.
template <class Visit>
void take_packets(std::string& buffer, Visit visit) {
  size_t at = 0;
  while (true) {
    size_t length = 0, header = 1, shift = 0;
    bool complete = false;
    for (; at + header < buffer.size() && header <= 4; shift += 7) {
      auto byte = static_cast<unsigned char>(buffer[at + header++]);
      length |= size_t(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        complete = true;
        break;
      }
    }
    if (!complete || at + header + length > buffer.size()) break;
    visit(static_cast<unsigned char>(buffer[at]),
          std::string_view(buffer).substr(at + header, length));
    at += header + length;
  }
  buffer.erase(0, at);
}

void connect_client(Socket& socket, const std::string& client, const Options& options) {
  socket.send_all(connect_packet(client, options));
  std::string answer;
  while (answer.size() < 4) socket.receive(answer);
  if (answer[0] != '\x20' || answer[3] != 0) fail("the broker refused the connection");
}

struct Shared {
  std::atomic<size_t> sent = 0, acknowledged = 0, delivered = 0;
  std::atomic<bool> done = false;
  std::mutex mutex;
  std::vector<double> latencies;  // in seconds; guarded by mutex
};

// One after the other at their times; those whose time has passed meanwhile go out together.
void publish_at_rate(const Options& options, size_t index, size_t publishers, Socket& socket,
                     Shared& shared) {
  size_t count = options.number("count", 1'000'000) / publishers;
  size_t topics = options.number("topics", 1000);
  double rate = static_cast<double>(options.number("rate", 0)) / static_cast<double>(publishers);
  double begin = now_seconds() + static_cast<double>(index) / rate / 50;
  for (size_t number = 0; number < count;) {
    double due = begin + static_cast<double>(number) / rate;
    double wait = due - now_seconds();
    if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    std::string out;
    double now = now_seconds();
    size_t first = number;
    for (; number < count && begin + static_cast<double>(number) / rate <= now; number++) {
      std::string body;
      append_text(body, "bench/sensor-" + std::to_string((index * 7919 + number) % topics));
      char text[32];
      std::snprintf(text, sizeof text, "%.9f", now);
      out += packet(0x30, body + text);
    }
    socket.send_all(out);
    shared.sent += number - first;
  }
}

void publish(const Options& options, size_t index, size_t publishers, Shared& shared) {
  size_t count = options.number("count", 1'000'000) / publishers;
  size_t topics = options.number("topics", 1000), window = options.number("window", 200);
  bool acknowledged = options.number("qos", 0) == 1;
  size_t subscribers = options.number("subscribers", 0);
  Socket socket(static_cast<uint16_t>(options.number("port", 1883)));
  connect_client(socket, "publisher-" + std::to_string(index), options);
  if (options.number("rate", 0) > 0) {
    publish_at_rate(options, index, publishers, socket, shared);
    return socket.send_all(std::string("\xe0\x00", 2));
  }
  std::string buffer;
  size_t outstanding = 0;
  for (size_t number = 0; number < count;) {
    std::string out;
    size_t room = std::min(window - outstanding, count - number);
    for (size_t i = 0; i < room; i++, number++) {
      std::string body;
      append_text(body, "bench/sensor-" + std::to_string((index * 7919 + number) % topics));
      if (acknowledged) body += static_cast<char>(0), body += static_cast<char>(1 + i % 255);
      body += std::to_string((index + number) % 31);
      out += packet(acknowledged ? 0x32 : 0x30, body);
    }
    socket.send_all(out);
    shared.sent += room;
    outstanding += acknowledged ? room : 0;
    // With QoS 1 the whole window is acknowledged before the ids are used again.
    while (acknowledged && outstanding > 0) {
      socket.receive(buffer);
      take_packets(buffer, [&](unsigned char first, std::string_view) {
        if (first == 0x40) outstanding--, shared.acknowledged++;
      });
    }
    while (subscribers > 0 &&
           shared.sent * subscribers > shared.delivered + window * publishers * subscribers) {
      std::this_thread::yield();
    }
  }
  socket.send_all(std::string("\xe0\x00", 2));
}

// The time in the payload of a QoS 0 message.
double sent_at(std::string_view body) {
  size_t topic =
      size_t(static_cast<unsigned char>(body[0])) << 8 | static_cast<unsigned char>(body[1]);
  return std::strtod(std::string(body.substr(2 + topic)).c_str(), nullptr);
}

void subscribe(const Options& options, size_t index, std::atomic<size_t>& ready, Shared& shared) {
  Socket socket(static_cast<uint16_t>(options.number("port", 1883)));
  connect_client(socket, "subscriber-" + std::to_string(index), options);
  std::string body("\x00\x01", 2);
  append_text(body, "bench/#");
  body += static_cast<char>(options.number("qos", 0));
  socket.send_all(packet(0x82, body));
  std::string buffer;
  bool timed = options.number("rate", 0) > 0;
  std::vector<double> latencies;
  while (!shared.done) {
    socket.receive(buffer);
    std::string acknowledgements;
    double now = now_seconds();
    take_packets(buffer, [&](unsigned char first, std::string_view packet_body) {
      if (first == 0x90) ready++;
      if ((first & 0xf0) != 0x30) return;
      if ((first & 0x06) != 0) {
        size_t topic = size_t(static_cast<unsigned char>(packet_body[0])) << 8 |
                       static_cast<unsigned char>(packet_body[1]);
        acknowledgements += std::string("\x40\x02", 2);
        acknowledgements += packet_body.substr(2 + topic, 2);
      }
      if (packet_body.find("bench/end") == 2) {
        shared.done = true;
      } else {
        shared.delivered++;
        if (timed) latencies.push_back(now - sent_at(packet_body));
      }
    });
    socket.send_all(acknowledgements);
  }
  std::lock_guard lock(shared.mutex);
  shared.latencies.insert(shared.latencies.end(), latencies.begin(), latencies.end());
}

int run(const Options& options) {
  size_t publishers = options.number("publishers", 50);
  size_t subscribers = options.number("subscribers", 0);
  Shared shared;
  std::atomic<size_t> ready = 0;
  std::vector<std::thread> readers, writers;
  for (size_t i = 0; i < subscribers; i++) {
    readers.emplace_back([&, i] { subscribe(options, i, ready, shared); });
  }
  while (ready < subscribers) std::this_thread::yield();
  double begin = now_seconds();
  for (size_t i = 0; i < publishers; i++) {
    writers.emplace_back([&, i] { publish(options, i, publishers, shared); });
  }
  for (std::thread& writer : writers) writer.join();
  // A subscriber reads until all have arrived, or, where some are lost, until it is told.
  double wait_until = now_seconds() + 5;
  while (shared.delivered < shared.sent * subscribers && now_seconds() < wait_until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  double seconds = now_seconds() - begin;
  if (subscribers > 0) {
    Socket socket(static_cast<uint16_t>(options.number("port", 1883)));
    connect_client(socket, "end", options);
    std::string body;
    append_text(body, "bench/end");
    socket.send_all(packet(0x30, body + "0"));
    for (std::thread& reader : readers) reader.join();
  }
  std::sort(shared.latencies.begin(), shared.latencies.end());
  auto percentile_ms = [&](double share) {
    size_t count = shared.latencies.size();
    return count == 0 ? 0 : shared.latencies[size_t(share * double(count - 1))] * 1000;
  };
  std::printf(
      "{\"sent\":%zu,\"acknowledged\":%zu,\"delivered\":%zu,\"seconds\":%.6f,"
      "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
      shared.sent.load(), shared.acknowledged.load(), shared.delivered.load(), seconds,
      percentile_ms(0.5), percentile_ms(0.99));
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** arguments) {
  return weir::bench::run(weir::bench::Options(count, arguments));
}
