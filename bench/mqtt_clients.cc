// Connects many MQTT 3.1.1 clients at once, each with one subscription of its own, and keeps them.
//
// One thread and epoll, so that ten thousand clients cost the machine little. Prints one JSON line
// when every client has its SUBACK, then keeps the connections until standard input ends.
//   mqtt_clients --port P --clients 10000 --burst 500 --user U --password T
// `burst` connects are under way at a time.

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bench/load_tool.h"

namespace weir::bench {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size() >> 8);
  out += static_cast<char>(text.size() & 0xff);
  out += text;
}

std::string packet(int first, const std::string& body) {
  if (body.size() > 127) fail("user, password and client id are too long for this tool");
  return std::string{static_cast<char>(first), static_cast<char>(body.size())} + body;
}

std::string hello(size_t client, const Options& options) {
  std::string user = options.text("user", ""), body, subscription("\x00\x01", 2);
  append_text(body, "MQTT");
  body += '\x04';
  body += static_cast<char>(user.empty() ? 0x02 : 0xc2);
  body += std::string("\x00\x3c", 2);  // keep-alive 60 s
  append_text(body, "client-" + std::to_string(client));
  if (!user.empty()) append_text(body, user), append_text(body, options.text("password", ""));
  append_text(subscription, "device/" + std::to_string(client) + "/command");
  subscription += '\x01';
  return packet(0x10, body) + packet(0x82, subscription);
}

// CONNACK, 4 bytes, and SUBACK, 5 bytes.
constexpr size_t kAnswerBytes = 9;

struct Client {
  int fd = -1;
  bool greeted = false;
  std::string answer;
};

class Clients {
 public:
  explicit Clients(const Options& options)
      : options_(options), epoll_(epoll_create1(0)), clients_(options.number("clients", 10'000)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(static_cast<uint16_t>(options.number("port", 1883)));
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  void connect_all() {
    size_t burst = options_.number("burst", 500), begun = 0;
    while (ready_ < clients_.size()) {
      for (; begun < clients_.size() && begun - ready_ < burst; begun++) begin(begun);
      epoll_event events[256];
      int count = epoll_wait(epoll_, events, 256, 10'000);
      if (count == 0) fail(std::to_string(ready_) + " clients are ready, and no more come");
      for (int i = 0; i < count; i++) go_on(events[i].data.u64);
    }
  }

 private:
  void begin(size_t which) {
    Client& client = clients_[which];
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client.fd < 0) fail(std::string("socket: ") + std::strerror(errno));
    int failed = connect(client.fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    if (failed != 0 && errno != EINPROGRESS) fail(std::string("connect: ") + std::strerror(errno));
    watch(which, EPOLLOUT, EPOLL_CTL_ADD);
  }

  void watch(size_t which, uint32_t what, int how) {
    epoll_event event{};
    event.events = what;
    event.data.u64 = which;
    epoll_ctl(epoll_, how, clients_[which].fd, &event);
  }

  void go_on(size_t which) {
    Client& client = clients_[which];
    if (!client.greeted) {
      client.greeted = true;
      std::string bytes = hello(which, options_);
      ssize_t sent = send(client.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent != static_cast<ssize_t>(bytes.size())) {
        fail(std::string("client ") + std::to_string(which) + ": " + std::strerror(errno));
      }
      return watch(which, EPOLLIN, EPOLL_CTL_MOD);
    }
    char block[64];
    ssize_t got = recv(client.fd, block, sizeof block, 0);
    if (got <= 0) fail("the broker closed the connection of client " + std::to_string(which));
    client.answer.append(block, static_cast<size_t>(got));
    if (client.answer.size() < kAnswerBytes) return;
    bool accepted = client.answer[0] == '\x20' && client.answer[3] == 0 && client.answer[8] <= 1;
    if (!accepted) fail("the broker refused client " + std::to_string(which));
    client.answer = {};
    ready_++;
    watch(which, EPOLLRDHUP, EPOLL_CTL_MOD);
  }

  const Options& options_;
  const int epoll_;
  sockaddr_in address_{};
  std::vector<Client> clients_;
  size_t ready_ = 0;
};

int run(const Options& options) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Clients clients(options);
  double begin = now_seconds();
  clients.connect_all();
  std::printf("{\"clients\":%zu,\"seconds\":%.6f}\n", options.number("clients", 10'000),
              now_seconds() - begin);
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** arguments) {
  return weir::bench::run(weir::bench::Options(count, arguments));
}
