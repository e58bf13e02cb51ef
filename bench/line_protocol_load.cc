// Writes generated line protocol over HTTP and reports how long it took.
//
// Shapes: devops (10 integer fields and 9 tags a line, as monitoring agents send) and sensors (one
// decimal a line). The bodies are generated before the clock starts. Prints one JSON object.
//   line_protocol_load --port P --token T --org O --bucket B --shape devops --series 4000
//                      --steps 60 --batch 5000 --connections 2

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "bench/load_tool.h"

namespace weir::bench {
namespace {

constexpr int64_t kBeginS = 1'700'000'000;
constexpr int64_t kStepS = 10;

struct Body {
  std::string text;
  size_t lines = 0, values = 0;
};

// A walk in whole units, kept inside [0, 1000]: tenths for sensors, tenths of percent for devops.
int stepped(int value, std::mt19937& random) {
  value += static_cast<int>(random() % 21) - 10;
  return value < 0 ? 0 : value > 1000 ? 1000 : value;
}

void append_devops_line(std::string& out, size_t host, int64_t time_s, int* state,
                        std::mt19937& random) {
  static const char* const kFields[] = {
      "usage_user", "usage_system",  "usage_idle",  "usage_nice",  "usage_iowait",
      "usage_irq",  "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"};
  std::string number = std::to_string(host);
  out += "cpu,hostname=host_" + number +
         ",region=eu-west-1,datacenter=eu-west-1a,rack=" + std::to_string(host % 97) +
         ",os=Ubuntu16.04LTS,arch=x64,team=SF,service=" + std::to_string(host % 19) +
         ",service_version=1 ";
  for (size_t field = 0; field < 10; field++) {
    state[field] = stepped(state[field], random);
    if (field != 0) out += ',';
    out += kFields[field];
    out += '=' + std::to_string(state[field] / 10) + 'i';
  }
  out += ' ' + std::to_string(time_s) + "000000000\n";
}

void append_sensor_line(std::string& out, size_t device, int64_t time_s, int* state,
                        std::mt19937& random) {
  state[0] = stepped(state[0], random);
  std::string number = std::to_string(device);
  out += "environment,device=sensor-" + number + ",room=r" + std::to_string(device % 40) +
         " temperature=" + std::to_string(state[0] / 10) + '.' + std::to_string(state[0] % 10) +
         ' ' + std::to_string(time_s) + "000000000\n";
}

std::vector<Body> make_bodies(const Options& options) {
  bool devops = options.text("shape", "devops") == "devops";
  size_t series = options.number("series", 4000), steps = options.number("steps", 60);
  size_t batch = options.number("batch", 5000);
  std::mt19937 random(1);
  std::vector<std::array<int, 10>> states(series);
  for (auto& state : states) {
    for (int& value : state) value = static_cast<int>(random() % 1000);
  }
  std::vector<Body> bodies(1);
  for (size_t step = 0; step < steps; step++) {
    for (size_t one = 0; one < series; one++) {
      if (bodies.back().lines == batch) bodies.emplace_back();
      Body& body = bodies.back();
      int64_t time_s = kBeginS + static_cast<int64_t>(step) * kStepS;
      (devops ? append_devops_line : append_sensor_line)(body.text, one, time_s, states[one].data(),
                                                         random);
      body.lines++;
      body.values += devops ? 10 : 1;
    }
  }
  return bodies;
}

void post(Socket& socket, const std::string& head, const Body& body) {
  socket.send_all(head + "Content-Length: " + std::to_string(body.text.size()) + "\r\n\r\n");
  socket.send_all(body.text);
  std::string answer;
  while (answer.find("\r\n\r\n") == answer.npos) socket.receive(answer);
  if (answer.find(" 204 ") > 12) fail("the server answered " + answer.substr(0, 500));
}

int run(const Options& options) {
  std::vector<Body> bodies = make_bodies(options);
  auto port = static_cast<uint16_t>(options.number("port", 8086));
  std::string head = "POST /api/v2/write?org=" + options.text("org", "") +
                     "&bucket=" + options.text("bucket", "") +
                     "&precision=ns HTTP/1.1\r\nHost: bench\r\nAuthorization: Token " +
                     options.text("token", "") + "\r\n";
  std::atomic<size_t> next = 0;
  double begin = now_seconds();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < options.number("connections", 2); i++) {
    threads.emplace_back([&] {
      Socket socket(port);
      for (size_t mine = next++; mine < bodies.size(); mine = next++) {
        post(socket, head, bodies[mine]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  double seconds = now_seconds() - begin;
  size_t lines = 0, values = 0, bytes = 0;
  for (const Body& body : bodies) {
    lines += body.lines, values += body.values, bytes += body.text.size();
  }
  std::printf("{\"lines\":%zu,\"values\":%zu,\"bytes\":%zu,\"seconds\":%.6f}\n", lines, values,
              bytes, seconds);
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** arguments) {
  return weir::bench::run(weir::bench::Options(count, arguments));
}
