#include "http/wire_parser.h"

#include <fmt/core.h>

// Beast asserts at least five bytes behind a final chunk's first look, but "0\r\n" and one more
// byte are four: a body that ends in small pieces would end the process. What follows it is bounded
// by the buffer's end, not by that count.
#define BOOST_DISABLE_ASSERTS

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>

#include "http/text.h"

namespace weir::http {
namespace {

namespace beast = boost::beast;
using BeastError = beast::http::error;

// Reserved for a body at once; a client that announces more has to send it first.
constexpr uint64_t kBodyReserveMax = 1024 * 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

WireError wire_error(const beast::error_code& code, const WireLimits& limits) {
  if (code == BeastError::body_limit)
    return {413, Error{Errc::too_large, fmt::format("request body exceeds the limit of {} bytes",
                                                    limits.body_bytes_max)}};
  if (code == BeastError::header_limit)
    return {431, Error{Errc::too_large, fmt::format("request head exceeds the limit of {} bytes",
                                                    limits.head_bytes_max)}};
  return {400, Error{Errc::invalid, fmt::format("malformed HTTP message: {}", code.message())}};
}

// What both parsers have in common: Beast's parser, fed, with a limit on what it cannot use yet.
template <bool isRequest>
class LimitedParser : public beast::http::basic_parser<isRequest> {
 public:
  explicit LimitedParser(const WireLimits& limits) : limits_(limits) {
    this->eager(true);
    this->body_limit(limits.body_bytes_max);
    this->header_limit(static_cast<uint32_t>(
        std::min<size_t>(limits.head_bytes_max, std::numeric_limits<uint32_t>::max())));
  }

  size_t feed_bytes(std::string_view bytes) {
    size_t used = 0;
    while (used < bytes.size() && !this->is_done() && !failure_) {
      beast::error_code code;
      const size_t taken =
          this->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), code);
      used += taken;
      if (!this->is_header_done() && (head_bytes_ += taken) > limits_.head_bytes_max)
        code = BeastError::header_limit;
      if (code == BeastError::need_more) {
        // A head in parts, a chunk's header or the trailers: bounded like a head.
        if (head_bytes_ + bytes.size() - used > limits_.head_bytes_max)
          failure_ = wire_error(BeastError::header_limit, limits_);
        break;
      }
      if (code && !failure_) failure_ = wire_error(code, limits_);
      if (taken == 0 && !code) break;
    }
    return used;
  }
  void fail(int status, Error error) {
    if (!failure_) failure_ = WireError{status, std::move(error)};
  }

  const WireLimits limits_;
  std::optional<WireError> failure_;

 protected:
  void on_chunk_header_impl(uint64_t, beast::string_view, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

 private:
  size_t head_bytes_ = 0;
};

class BeastRequestParser final : public LimitedParser<true> {
 public:
  using LimitedParser::LimitedParser;
  Request request;
  bool is_http_1_0 = false;

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code&) override {
    request.method = view(method);
    request.target = view(target);
    is_http_1_0 = version == 10;
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (is_header_done()) return;  // trailers are not headers
    request.headers.add(view(name), std::string(view(value)));
  }
  void on_header_impl(beast::error_code& code) override {
    auto refuse = [&](int status, std::string message) {
      fail(status,
           Error{status == 501 ? Errc::not_implemented : Errc::invalid, std::move(message)});
      code = BeastError::bad_value;
    };
    size_t hosts = 0;
    for (const auto& [name, value] : request.headers.all()) {
      if (equal_ignoring_case(name, "Host")) ++hosts;
      if (!equal_ignoring_case(name, "Transfer-Encoding")) continue;
      if (is_http_1_0) return refuse(400, "Transfer-Encoding in an HTTP/1.0 request");
      if (!equal_ignoring_case(trimmed(value), "chunked"))
        return refuse(501, fmt::format("transfer encoding \"{}\" is not supported", value));
    }
    if (hosts > 1 || (hosts == 0 && !is_http_1_0))
      return refuse(400, "an HTTP/1.1 request has exactly one Host header");
    if (!set_path()) return refuse(400, "malformed request target");
  }
  bool set_path() {
    std::string_view target = request.target;
    if (target.empty()) return false;
    if (target.front() != '/' && target != "*") {
      // The absolute form, as sent to a proxy: the authority is dropped.
      const size_t scheme_end = target.find("://");
      if (scheme_end == std::string_view::npos) return false;
      const size_t path = target.find_first_of("/?", scheme_end + 3);
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
    const size_t question = target.find('?');
    const std::string_view path = target.substr(0, question);
    request.path = path.empty() ? "/" : percent_decoded(path, false);
    if (question != std::string_view::npos)
      request.query = Parameters::parse(target.substr(question + 1));
    return true;
  }
  void on_body_init_impl(const boost::optional<uint64_t>& length, beast::error_code&) override {
    if (length) request.body.reserve(static_cast<size_t>(std::min(*length, kBodyReserveMax)));
  }
  size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, beast::error_code& code) override {
    return on_body_impl(bytes, code);
  }
};

class BeastResponseParser final : public LimitedParser<false> {
 public:
  using LimitedParser::LimitedParser;
  int status = 0;
  Headers headers;
  ResponseParser::OnBody on_body;

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       beast::error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, beast::error_code&) override {
    status = code;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (!is_header_done()) headers.add(view(name), std::string(view(value)));
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, beast::error_code&) override {}
  size_t on_body_impl(beast::string_view bytes, beast::error_code& code) override {
    if (!on_body(view(bytes))) {
      fail(0, Error{Errc::unavailable, "broken off by the reader"});
      code = BeastError::end_of_chunk;
    }
    return bytes.size();
  }
  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, beast::error_code& code) override {
    return on_body_impl(bytes, code);
  }
};

}  // namespace

struct RequestParser::State {
  explicit State(WireLimits wire_limits) : limits(wire_limits) { parser.emplace(limits); }
  const WireLimits limits;
  std::optional<BeastRequestParser> parser;
  bool is_idle = true;
};

RequestParser::RequestParser(WireLimits limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view bytes) {
  size_t skipped = 0;
  if (state_->is_idle) {
    // Some clients end a body with a line break too many (RFC 9112 §2.2).
    while (bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
    if (skipped == bytes.size() || bytes.substr(skipped) == "\r") return skipped;
    state_->is_idle = false;
  }
  return skipped + state_->parser->feed_bytes(bytes.substr(skipped));
}

bool RequestParser::is_idle() const { return state_->is_idle; }
bool RequestParser::is_head_complete() const { return state_->parser->is_header_done(); }
bool RequestParser::is_complete() const {
  return state_->parser->is_done() && failure() == nullptr;
}
const WireError* RequestParser::failure() const {
  const auto& failure = state_->parser->failure_;
  return failure ? &*failure : nullptr;
}
void RequestParser::reset() {
  state_->parser.emplace(state_->limits);
  state_->is_idle = true;
}
const Request& RequestParser::request() const { return state_->parser->request; }
Request RequestParser::take_request() { return std::move(state_->parser->request); }
bool RequestParser::is_http_1_0() const { return state_->parser->is_http_1_0; }
bool RequestParser::keeps_alive() const { return state_->parser->keep_alive(); }
bool RequestParser::has_body() const {
  const auto& parser = *state_->parser;
  return parser.chunked() || parser.content_length().value_or(0) > 0;
}
bool RequestParser::expects_continue() const {
  return !is_http_1_0() && has_body() &&
         equal_ignoring_case(request().headers.get("Expect"), "100-continue");
}

struct ResponseParser::State {
  explicit State(WireLimits limits) : parser(limits) {}
  BeastResponseParser parser;
};

ResponseParser::ResponseParser(WireLimits limits, bool is_head, OnBody on_body)
    : state_(std::make_unique<State>(limits)) {
  state_->parser.on_body = std::move(on_body);
  state_->parser.skip(is_head);
}
ResponseParser::~ResponseParser() = default;

size_t ResponseParser::feed(std::string_view bytes) { return state_->parser.feed_bytes(bytes); }

void ResponseParser::feed_end() {
  auto& parser = state_->parser;
  if (parser.is_done() || parser.failure_) return;
  beast::error_code code = BeastError::partial_message;
  if (parser.got_some()) parser.put_eof(code);
  if (code) parser.failure_ = wire_error(code, parser.limits_);
}

bool ResponseParser::is_head_complete() const { return state_->parser.is_header_done(); }
bool ResponseParser::is_complete() const {
  return state_->parser.is_done() && failure() == nullptr;
}
const WireError* ResponseParser::failure() const {
  const auto& failure = state_->parser.failure_;
  return failure ? &*failure : nullptr;
}
int ResponseParser::status() const { return state_->parser.status; }
const Headers& ResponseParser::headers() const { return state_->parser.headers; }

}  // namespace weir::http
