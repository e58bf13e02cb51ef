// Writes generated line protocol over HTTP and reports how long it took.
//
// Shapes: devops (10 integer fields and 9 tags a line, as monitoring agents send), iot (two lines
// per truck and step, as TSBS's fleet sends them: positions and consumption, load and state) and
// sensors (one decimal a line). Of 100 lines, --late are sent up to an hour after their time and
// --repeated are sent again. The bodies are generated before the clock starts. --target is for
// servers that take InfluxDB 1's requests. Prints one JSON object.
//   line_protocol_load --port P --target /write?db=b --token T --shape devops --series 4000
//                      --steps 60 --batch 5000 --connections 2 --late 5 --repeated 1

#include <array>
#include <atomic>
#include <map>
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

// A walk in whole units, kept inside [0, 1000]: tenths for sensors and trucks, tenths of percent
// for devops.
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

std::string tenths(int value) {
  return std::to_string(value / 10) + '.' + std::to_string(value % 10);
}

// One line with 9 values and one with 5.
void append_truck_lines(std::string& out, size_t truck, int64_t time_s, int* state,
                        std::mt19937& random) {
  static const char* const kFleets[] = {"East", "West", "North", "South"};
  static const char* const kDrivers[] = {"Derek", "Rodney", "Albert", "Andy", "Seth", "Trish"};
  static const char* const kModels[] = {"F-150", "G-2000", "H-2"};
  const std::string tags = ",name=truck_" + std::to_string(truck) + ",fleet=" + kFleets[truck % 4] +
                           ",driver=" + kDrivers[truck % 6] + ",model=" + kModels[truck % 3] +
                           ",device_version=v2.3 load_capacity=5000,fuel_capacity=300,"
                           "nominal_fuel_consumption=19,";
  const std::string end = ' ' + std::to_string(time_s) + "000000000\n";
  for (int i = 0; i < 8; i++) state[i] = stepped(state[i], random);
  out += "readings" + tags + "latitude=" + std::to_string(state[0] % 90) + '.' +
         std::to_string(10000 + random() % 90000) + ",longitude=" + std::to_string(state[1] % 180) +
         '.' + std::to_string(10000 + random() % 90000) + ",elevation=" + std::to_string(state[2]) +
         ",velocity=" + std::to_string(state[3] / 10) +
         ",heading=" + std::to_string(state[4] % 360) + ",grade=" + std::to_string(state[5] / 10) +
         ",fuel_consumption=" + tenths(state[6]) + end;
  out += "diagnostics" + tags + "fuel_state=" + tenths(state[7] / 100) +
         ",current_load=" + std::to_string(state[2] * 5) +
         ",status=" + std::to_string(state[3] / 250) + 'i' + end;
}

struct Shape {
  void (*append)(std::string&, size_t, int64_t, int*, std::mt19937&);
  size_t lines, values;  // per series and step
};

Shape shape_of(const std::string& name) {
  if (name == "devops") return {append_devops_line, 1, 10};
  if (name == "iot") return {append_truck_lines, 2, 16};
  if (name == "sensors") return {append_sensor_line, 1, 1};
  fail("--shape: got " + name + ", wanted devops, iot or sensors");
}

// What is to be sent, in bodies of about so many lines.
class Bodies {
 public:
  Bodies(const Shape& shape, size_t batch) : shape_(shape), batch_(batch) {}
  void add(const std::string& text) {
    if (bodies_.back().lines >= batch_) bodies_.emplace_back();
    bodies_.back().text += text;
    bodies_.back().lines += shape_.lines;
    bodies_.back().values += shape_.values;
  }
  std::vector<Body> take() { return std::move(bodies_); }

 private:
  const Shape& shape_;
  size_t batch_;
  std::vector<Body> bodies_{1};
};

std::vector<Body> make_bodies(const Options& options, size_t& distinct_values) {
  constexpr size_t kLateStepsMax = 3600 / kStepS;
  const Shape shape = shape_of(options.text("shape", "devops"));
  size_t series = options.number("series", 4000), steps = options.number("steps", 60);
  size_t late = options.number("late", 0), repeated = options.number("repeated", 0);
  std::mt19937 random(1);
  std::vector<std::array<int, 10>> states(series);
  for (auto& state : states) {
    for (int& value : state) value = static_cast<int>(random() % 1000);
  }
  Bodies bodies(shape, options.number("batch", 5000));
  std::multimap<size_t, std::string> kept_back;  // by the step in which they are sent
  std::string text;
  for (size_t step = 0; step < steps; step++) {
    for (size_t one = 0; one < series; one++) {
      text.clear();
      shape.append(text, one, kBeginS + static_cast<int64_t>(step) * kStepS, states[one].data(),
                   random);
      size_t dice = late + repeated == 0 ? 100 : random() % 100;
      if (dice < late + repeated) kept_back.emplace(step + 1 + random() % kLateStepsMax, text);
      if (dice >= late) bodies.add(text);
    }
    while (!kept_back.empty() && kept_back.begin()->first <= step) {
      bodies.add(kept_back.begin()->second);
      kept_back.erase(kept_back.begin());
    }
  }
  for (const auto& [step, line] : kept_back) bodies.add(line);
  distinct_values = series * steps * shape.values;
  return bodies.take();
}

void post(Socket& socket, const std::string& head, const Body& body) {
  socket.send_all(head + "Content-Length: " + std::to_string(body.text.size()) + "\r\n\r\n");
  socket.send_all(body.text);
  std::string answer;
  while (answer.find("\r\n\r\n") == answer.npos) socket.receive(answer);
  if (answer.find(" 204 ") > 12) fail("the server answered " + answer.substr(0, 500));
}

int run(const Options& options) {
  size_t distinct_values = 0;
  std::vector<Body> bodies = make_bodies(options, distinct_values);
  auto port = static_cast<uint16_t>(options.number("port", 8086));
  std::string head =
      "POST " + options.text("target", "/write?db=b") + " HTTP/1.1\r\nHost: bench\r\n";
  if (std::string token = options.text("token", ""); !token.empty()) {
    head += "Authorization: Token " + token + "\r\n";
  }
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
  std::printf("{\"lines\":%zu,\"values\":%zu,\"distinct\":%zu,\"bytes\":%zu,\"seconds\":%.6f}\n",
              lines, values, distinct_values, bytes, seconds);
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** arguments) {
  return weir::bench::run(weir::bench::Options(count, arguments));
}
