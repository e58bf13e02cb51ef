#include "http/client.h"

#include <fmt/core.h>

#include <limits>
#include <optional>

#include "http/compression.h"
#include "http/text.h"
#include "http/url.h"
#include "http/wire_parser.h"
#include "net/blocking_connection.h"

namespace weir::http {
namespace {

constexpr size_t kResponseHeadBytesMax = 256 * 1024;

// For https:// somebody to trust, if only whom the system trusts.
Result<net::BlockingConnection> connect(const ClientRequest& request, const Url& url) {
  std::shared_ptr<const net::TlsContext> context = url.tls ? request.tls : nullptr;
  if (url.tls && context == nullptr) {
    WEIR_TRY(context, net::TlsContext::client({}));
  }
  return net::BlockingConnection::open(url.host, url.port, request.timeout_ms, std::move(context),
                                       request.check);
}

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Result<std::string> request_text(const ClientRequest& request, const Url& url) {
  if (!is_clean(request.method) || !is_clean(url.target) || !is_clean(url.authority) ||
      url.target.find(' ') != std::string::npos)
    return Error{Errc::invalid, "request: line breaks or spaces in its method or URL"};
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                 request.method, url.target, url.authority);
  for (const auto& [name, value] : request.headers.all()) {
    if (!is_clean(name) || !is_clean(value))
      return Error{Errc::invalid, fmt::format("request: line break in header {}", name)};
    text += fmt::format("{}: {}\r\n", name, value);
  }
  if (!request.headers.has("Accept-Encoding")) text += "Accept-Encoding: gzip\r\n";
  const bool has_body =
      !request.body.empty() || (request.method != "GET" && request.method != "HEAD");
  if (has_body) text += fmt::format("Content-Length: {}\r\n", request.body.size());
  return text + "\r\n";
}

// Undoes gzip, if the answer is, and passes the body on or keeps it.
class BodyReceiver {
 public:
  BodyReceiver(ClientResponse& response, size_t bytes_max,
               std::function<bool(std::string_view)>& on_body)
      : response_(response), bytes_max_(bytes_max), on_body_(on_body) {}

  void head_arrived(const Headers& headers) {
    if (equal_ignoring_case(headers.get("Content-Encoding"), "gzip")) gunzip_.emplace();
  }
  bool take(std::string_view bytes) {
    if (!gunzip_) return pass_on(bytes);
    std::string plain;
    auto fed = gunzip_->feed(bytes, plain);
    if (!fed.ok()) {
      failure_ = std::move(fed).error();
      return false;
    }
    return plain.empty() || pass_on(plain);
  }
  Result<void> finish() const {
    if (failure_) return *failure_;
    if (gunzip_ && has_begun_ && !gunzip_->at_end())
      return Error{Errc::unavailable, "the gzip body ends early"};
    return {};
  }
  bool was_broken_off() const { return was_broken_off_; }

 private:
  bool pass_on(std::string_view bytes) {
    has_begun_ = true;
    if (on_body_) return was_broken_off_ = !on_body_(bytes), !was_broken_off_;
    if (response_.body.size() + bytes.size() > bytes_max_) {
      failure_ =
          Error{Errc::too_large, fmt::format("the answer is larger than {} bytes", bytes_max_)};
      return false;
    }
    response_.body.append(bytes);
    return true;
  }

  ClientResponse& response_;
  const size_t bytes_max_;
  std::function<bool(std::string_view)>& on_body_;
  std::optional<GunzipStream> gunzip_;
  std::optional<Error> failure_;
  bool has_begun_ = false;
  bool was_broken_off_ = false;
};

// Reads one answer; interim answers (1xx) are skipped.
Result<ClientResponse> receive(net::BlockingConnection& connection, const ClientRequest& request,
                               const std::string& name,
                               std::function<bool(std::string_view)>& on_body,
                               const std::function<void(const ClientResponse&)>& on_head) {
  const WireLimits limits{kResponseHeadBytesMax, std::numeric_limits<size_t>::max()};
  const bool is_head = request.method == "HEAD";
  std::string buffer;
  for (;;) {
    ClientResponse response;
    BodyReceiver receiver(response, request.body_bytes_max, on_body);
    bool has_head = false;
    std::unique_ptr<ResponseParser> parser;
    auto take_head = [&] {
      if (std::exchange(has_head, true)) return;
      response.status = parser->status();
      response.headers = parser->headers();
      receiver.head_arrived(response.headers);
      if (on_head && response.status >= 200) on_head(response);
    };
    parser = std::make_unique<ResponseParser>(limits, is_head, [&](std::string_view bytes) {
      take_head();
      return receiver.take(bytes);
    });
    buffer.erase(0, parser->feed(buffer));
    while (!parser->is_complete() && parser->failure() == nullptr) {
      WEIR_TRY(const size_t size, connection.receive(buffer, request.timeout_ms));
      if (size == 0) {
        parser->feed_end();
        break;
      }
      buffer.erase(0, parser->feed(buffer));
    }
    if (receiver.was_broken_off()) return response;
    if (auto received = receiver.finish(); !received.ok())
      return std::move(received).error().with_context(name);
    if (const WireError* failure = parser->failure())
      return Error{Errc::unavailable, fmt::format("{}: {}", name, failure->error.message)};
    take_head();
    if (response.status >= 200 || response.status == 101) return response;
  }
}

}  // namespace

Result<ClientResponse> call(const ClientRequest& request,
                            std::function<bool(std::string_view)> on_body,
                            std::function<void(const ClientResponse&)> on_head) {
  WEIR_TRY(const Url url, parse_url(request.url));
  WEIR_TRY(const std::string head, request_text(request, url));
  WEIR_TRY(net::BlockingConnection connection, connect(request, url));
  // A server may refuse and close before it has taken the whole body: its answer counts.
  auto sent = connection.send_all(head, request.timeout_ms);
  if (sent.ok()) sent = connection.send_all(request.body, request.timeout_ms);
  auto response = receive(connection, request, url.authority, on_body, on_head);
  if (!response.ok() && !sent.ok()) return std::move(sent).error();
  return response;
}

}  // namespace weir::http
