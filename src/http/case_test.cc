// Runs test/http/*.case: bytes a client sends, and what it gets back.
//
//   # a comment
//   name: <one sentence>                begins a case, with a new connection
//   limits: head=N body=N               for this case
//   > text                              the client sends text and CRLF
//   >| text                             the client sends text alone; \r \n \t \xHH \\ are bytes
//   >gzip text                          a line "Content-Length: n" for, and a body of, gzipped text
//   >each text                          as >|, one byte at a time
//   end                                 the client ends its side
//   wait N                              N milliseconds pass
//   answer                              the handler of /later answers
//   < HTTP/1.1 200 OK                   an answer with this status line follows ...
//   < Name: value                       ... which has this header ...
//   <! Name                             ... and not this one
//   <| text                             its body, decoded; without this line it is empty
//   interim <status line>               an interim answer (100)
//   closed | open | reset               the state of the connection; nothing more was sent
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/compression.h"
#include "http/connection.h"
#include "http/error_response.h"
#include "http/fake_stream.h"
#include "http/text.h"
#include "http/wire_parser.h"

namespace weir::http {
namespace {

using testing::FakeIoThread;
using testing::FakeStream;
using testing::FakeWire;

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'x' && i + 2 < text.size()) {
      int byte = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
    }
  }
  return out;
}

// The handlers that cases talk to.
struct Site {
  Router router;
  ResponderPtr later;

  Site() {
    Headers common;
    common.set("X-Influxdb-Build", "OSS");
    router.set_common_headers(common);
    auto text = [](std::string_view type = "text/plain; charset=utf-8") {
      Headers headers;
      headers.set("Content-Type", std::string(type));
      return headers;
    };
    router.add("GET", "/hello",
               [text](Request, ResponderPtr responder) { responder->send(200, text(), "hello"); });
    router.add("POST", "/echo", [text](Request request, ResponderPtr responder) {
      responder->send(200, text("application/octet-stream"), std::move(request.body));
    });
    router.add("POST", "/nothing",
               [](Request, ResponderPtr responder) { responder->send(204, {}, {}); });
    router.add("GET", "/big", [text](Request, ResponderPtr responder) {
      responder->send(200, text(), std::string(2000, 'a'));
    });
    router.add("GET", "/picture", [text](Request, ResponderPtr responder) {
      responder->send(200, text("image/png"), std::string(2000, 'p'));
    });
    router.add("GET", "/stream", [text](Request, ResponderPtr responder) {
      responder->start(200, text("text/csv"));
      for (std::string_view piece : {"one,", "", "two,", "three"}) responder->write(piece);
      responder->finish();
    });
    router.add("GET", "/cut", [text](Request, ResponderPtr responder) {
      responder->start(200, text("text/csv"));
      responder->write("one,");
      responder->abort();
    });
    router.add("GET", "/lost", [](Request, ResponderPtr) {});
    router.add("GET", "/later",
               [this](Request, ResponderPtr responder) { later = std::move(responder); });
    router.add("GET", "/header", [](Request request, ResponderPtr responder) {
      Headers headers;
      headers.set("X-Value", std::string(request.query.get("v")));
      headers.set("Content-Length", "999");
      responder->send(200, headers, {});
    });
    router.add("GET", "/items/{id}", [text](Request request, ResponderPtr responder) {
      responder->send(200, text(),
                      fmt::format("id={} q={}", request.path_value("id"), request.query.get("q")));
    });
    router.add("DELETE", "/items/{id}",
               [](Request, ResponderPtr responder) { responder->send(204, {}, {}); });
    router.add("GET", "/items/new", [text](Request, ResponderPtr responder) {
      responder->send(200, text(), "the new one");
    });
    router.add("GET", "/files/*", [text](Request request, ResponderPtr responder) {
      responder->send(200, text(), std::string(request.path_value("*")));
    });
    router.add_websocket("/ws", [](const Request&) { return WebSocketAnswer{}; });
  }
};

struct Case {
  std::string name;
  std::string file;
  std::vector<std::string> lines;
};

std::vector<Case> read_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(WEIR_TEST_DIR) + "/http"))
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line.front() == '#') continue;
      if (line.starts_with("name: ")) {
        cases.push_back({line.substr(6), file.filename().string(), {}});
      } else {
        REQUIRE_MESSAGE(!cases.empty(), "a case begins with its name: ", file.string());
        cases.back().lines.push_back(line);
      }
    }
  }
  return cases;
}

class CaseRun {
 public:
  explicit CaseRun(const Case& test_case) : case_(test_case) {
    ServerOptions options;
    for (const std::string& line : case_.lines)
      if (line.starts_with("limits: "))
        std::sscanf(line.c_str(), "limits: head=%zu body=%zu", &options.head_bytes_max,
                    &options.body_bytes_max);
    context_ = std::make_unique<ConnectionContext>(ConnectionContext{
        site_.router, options,
        std::make_shared<AnswerContext>(site_.router.common_headers(), thread_.clock)});
    connection_ =
        std::make_shared<Connection>(*context_, std::make_unique<FakeStream>(thread_, wire_),
                                     [this](Connection&) { is_over_ = true; });
    connection_->start();
  }

  void run() {
    for (const std::string& line : case_.lines) {
      INFO(case_.file, ": ", case_.name, ": ", line);
      run_line(line);
    }
    check_answer_done();
    CHECK_MESSAGE(wire_.written.empty(), case_.name, ": more was sent: ", wire_.written);
  }

 private:
  void send(std::string_view bytes) {
    if (!is_over_) connection_->on_bytes(bytes);
    thread_.run();
  }

  void run_line(const std::string& line) {
    auto argument = [&](std::string_view command) -> std::optional<std::string> {
      if (!line.starts_with(command)) return {};
      return line.size() > command.size() ? line.substr(command.size() + 1) : std::string();
    };
    if (!line.starts_with("<")) check_answer_done();
    if (auto raw = argument(">|")) {
      send(unescaped(*raw));
    } else if (auto each = argument(">each")) {
      for (char c : unescaped(*each)) send(std::string_view(&c, 1));
    } else if (auto zipped = argument(">gzip")) {
      const std::string body = gzip(unescaped(*zipped));
      send(fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body));
    } else if (auto text = argument(">")) {
      send(*text + "\r\n");
    } else if (line == "end") {
      connection_->on_end({});
      thread_.run();
    } else if (auto ms = argument("wait")) {
      thread_.advance_ms(std::stoll(*ms));
    } else if (auto bytes = argument("untaken")) {
      wire_.unsent = std::stoul(*bytes);
    } else if (line == "answer") {
      Headers headers;
      headers.set("Content-Type", "text/plain");
      std::exchange(site_.later, nullptr)->send(200, headers, "better late");
      thread_.run();
    } else if (auto interim = argument("interim")) {
      const std::string expected = *interim + "\r\n\r\n";
      REQUIRE(wire_.written.starts_with(expected));
      wire_.written.erase(0, expected.size());
    } else if (line == "closed" || line == "open" || line == "reset") {
      const auto wanted = line == "closed" ? FakeWire::End::graceful
                          : line == "open" ? FakeWire::End::open
                                           : FakeWire::End::abrupt;
      CHECK(wire_.end == wanted);
      CHECK(wire_.written == "");
    } else if (auto body = argument("<|")) {
      CHECK(answer_body_ == unescaped(*body));
      answer_body_.clear();
    } else if (auto absent = argument("<!")) {
      CHECK_FALSE(answer_headers_.has(*absent));
    } else if (auto head = argument("<")) {
      if (head->starts_with("HTTP/")) {
        check_answer_done();
        next_answer(*head);
      } else {
        const size_t colon = head->find(": ");
        CHECK(answer_headers_.get(head->substr(0, colon)) == head->substr(colon + 2));
      }
    } else {
      CHECK_MESSAGE(line.starts_with("limits: "), "unknown line");
    }
  }

  // Takes the next answer off what was written.
  void next_answer(const std::string& status_line) {
    const size_t line_end = wire_.written.find("\r\n");
    REQUIRE(wire_.written.substr(0, line_end) == status_line);
    const bool has_body_bytes = !is_head_answer();
    std::string body;
    ResponseParser parser({1 << 20, 1 << 20}, !has_body_bytes, [&](std::string_view bytes) {
      body += bytes;
      return true;
    });
    const size_t used = parser.feed(wire_.written);
    if (!parser.is_complete() && wire_.end == FakeWire::End::graceful) parser.feed_end();
    answer_headers_ = parser.headers();
    wire_.written.erase(0, used);
    if (!parser.is_complete()) {
      CHECK_MESSAGE(wire_.end == FakeWire::End::abrupt, "the answer is incomplete");
      wire_.written.clear();
    }
    if (answer_headers_.get("Content-Encoding") == "gzip" && has_body_bytes) {
      auto plain = gunzip(body, 1 << 20);
      REQUIRE(plain.ok());
      body = *plain;
    }
    answer_body_ = body;
  }
  // HEAD cases are those whose first line says so.
  bool is_head_answer() const {
    return std::any_of(case_.lines.begin(), case_.lines.end(),
                       [](const std::string& line) { return line.starts_with("> HEAD "); });
  }
  void check_answer_done() { CHECK_MESSAGE(answer_body_.empty(), "unexpected body"); }

  const Case& case_;
  FakeIoThread thread_;
  FakeWire wire_;
  Site site_;
  std::unique_ptr<ConnectionContext> context_;
  std::shared_ptr<Connection> connection_;
  bool is_over_ = false;
  Headers answer_headers_;
  std::string answer_body_;
};

}  // namespace

TEST_CASE("the connection answers as the cases in test/http say") {
  const auto cases = read_cases();
  REQUIRE(cases.size() > 20);
  for (const Case& test_case : cases) CaseRun(test_case).run();
}

}  // namespace weir::http
