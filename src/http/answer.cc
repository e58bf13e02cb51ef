#include "http/answer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/error_response.h"
#include "http/status.h"
#include "http/text.h"

namespace weir::http {
namespace {

constexpr std::string_view kRequestsName = "weir_http_requests_total";
constexpr std::string_view kRequestsHelp = "HTTP requests answered, by class of status";
metrics::Counter requests_by_class[] = {{kRequestsName, kRequestsHelp, R"(class="1xx")"},
                                        {kRequestsName, kRequestsHelp, R"(class="2xx")"},
                                        {kRequestsName, kRequestsHelp, R"(class="3xx")"},
                                        {kRequestsName, kRequestsHelp, R"(class="4xx")"},
                                        {kRequestsName, kRequestsHelp, R"(class="5xx")"}};
metrics::Histogram request_seconds{
    "weir_http_request_duration_seconds",
    "Time from a complete request to its complete answer",
    {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60}};

// Below this a body is copied behind its head, into one run of bytes.
constexpr size_t kCopyBodyBelowBytes = 16 * 1024;

// "Mon, 23 Nov 2026 06:00:42 GMT" (RFC 9110 §5.6.7), made once a second.
const std::string& date_text(const Clock& clock) {
  thread_local int64_t cached_second = -1;
  thread_local std::string cached;
  const int64_t second = clock.wall_ns() / 1'000'000'000;
  if (second != cached_second) {
    constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t time = second;
    tm parts{};
    ::gmtime_r(&time, &parts);
    cached = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                         kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                         kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900,
                         parts.tm_hour, parts.tm_min, parts.tm_sec);
    cached_second = second;
  }
  return cached;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const size_t value_at = out.size();
  out.append(value);
  // A value from the outside must not begin a header of its own.
  for (size_t i = value_at; i < out.size(); ++i)
    if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
  out.append("\r\n");
}

// Framing is the connection's business, whatever the handler says about it.
bool is_framing_header(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Date");
}

class AnswerResponder final : public Responder {
 public:
  explicit AnswerResponder(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}
  ~AnswerResponder() override { answer_->abandon(); }
  void send(int status, Headers headers, std::string body) override {
    answer_->send(status, std::move(headers), std::move(body));
  }
  void start(int status, Headers headers) override { answer_->start(status, std::move(headers)); }
  bool write(std::string_view bytes) override { return answer_->write(bytes); }
  void finish() override { answer_->finish(); }
  void abort() override { answer_->abort(); }
  bool closed() const override { return answer_->closed(); }
  void on_closed(std::function<void()> callback) override {
    answer_->on_closed(std::move(callback));
  }

 private:
  const std::shared_ptr<Answer> answer_;
};

}  // namespace

ResponderPtr make_responder(std::shared_ptr<Answer> answer) {
  return std::make_shared<AnswerResponder>(std::move(answer));
}

Answer::Answer(net::IoThread& io_thread, std::weak_ptr<AnswerSink> sink,
               std::shared_ptr<const AnswerContext> context, AnswerShape shape)
    : io_thread_(io_thread), sink_(std::move(sink)), context_(std::move(context)), shape_(shape) {}

void Answer::begin(int status) {
  WEIR_ASSERT(phase_ == Phase::waiting, "a request is answered once");
  keeps_alive_ = shape_.keeps_alive && !context_->is_stopping.load(std::memory_order_relaxed);
  drops_body_ = shape_.is_head || !status_has_body(status);
  requests_by_class[std::clamp(status / 100, 1, 5) - 1].add(1);
}

std::string Answer::head(int status, const Headers& headers, bool has_length, size_t length) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  for (const auto& [name, value] : headers.all())
    if (!is_framing_header(name)) append_header(out, name, value);
  for (const auto& [name, value] : context_->common_headers.all())
    if (!headers.has(name)) append_header(out, name, value);
  append_header(out, "Date", date_text(context_->clock));
  if (status_has_body(status)) {
    if (has_length) {
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", length);
    } else if (is_chunked_) {
      out.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (!keeps_alive_) {
    out.append("Connection: close\r\n");
  } else if (shape_.is_http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return out;
}

void Answer::add_gzip_headers(Headers& headers, bool compresses) {
  if (!headers.has("Vary")) headers.set("Vary", "Accept-Encoding");
  if (compresses) headers.set("Content-Encoding", "gzip");
}

void Answer::send(int status, Headers headers, std::string body) {
  begin(status);
  phase_ = Phase::finished;
  if (body.size() >= kCompressBytesMin && status_has_body(status) &&
      is_compressible(headers.get("Content-Type")) && !headers.has("Content-Encoding")) {
    const bool compresses = shape_.accepts_gzip;
    add_gzip_headers(headers, compresses);
    if (compresses) body = gzip(body);
  }
  std::string bytes = head(status, headers, true, body.size());
  {
    std::lock_guard lock(mutex_);
    if (drops_body_) {
      // HEAD: the head says what GET's would.
    } else if (body.size() < kCopyBodyBelowBytes) {
      bytes.append(body);
    } else {
      body_ = std::make_shared<const std::string>(std::move(body));
    }
    head_ = std::move(bytes);
    is_last_ = true;
  }
  hand_over();
}

void Answer::start(int status, Headers headers) {
  begin(status);
  phase_ = Phase::streaming;
  is_chunked_ = !shape_.is_http_1_0;
  if (!is_chunked_) keeps_alive_ = false;  // the end of the connection ends the body
  if (status_has_body(status) && is_compressible(headers.get("Content-Type")) &&
      !headers.has("Content-Encoding")) {
    add_gzip_headers(headers, shape_.accepts_gzip);
    if (shape_.accepts_gzip && !drops_body_) gzip_ = std::make_unique<GzipStream>();
  }
  std::string bytes = head(status, headers, false, 0);
  {
    std::lock_guard lock(mutex_);
    head_ = std::move(bytes);
  }
  hand_over();
}

bool Answer::write(std::string_view bytes) {
  WEIR_ASSERT(phase_ == Phase::streaming, "write() comes between start() and finish()");
  if (closed()) return is_cut_ = true, false;
  if (drops_body_ || bytes.empty()) return true;
  std::string compressed;
  if (gzip_ != nullptr) {
    gzip_->append(bytes, compressed);
    if (compressed.empty()) return true;
    bytes = compressed;
  }
  {
    std::unique_lock lock(mutex_);
    if (!io_thread_.is_this_thread()) {
      changed_.wait(lock, [&] {
        return closed() || pieces_.size() + undrained_bytes_ < kAnswerBufferBytesMax;
      });
    }
    if (closed()) return is_cut_ = true, false;
    pieces_.append(bytes);
  }
  hand_over();
  return true;
}

void Answer::finish() {
  WEIR_ASSERT(phase_ == Phase::streaming, "finish() comes after start()");
  if (is_cut_) return abort();
  phase_ = Phase::finished;
  std::string compressed;
  if (gzip_ != nullptr) gzip_->finish(compressed);
  {
    std::lock_guard lock(mutex_);
    pieces_.append(compressed);
    is_last_ = true;
  }
  hand_over();
}

void Answer::abort() {
  if (phase_ == Phase::finished) return;
  phase_ = Phase::finished;
  {
    std::lock_guard lock(mutex_);
    is_aborted_ = true;
  }
  hand_over();
}

void Answer::abandon() {
  if (phase_ == Phase::finished) return;
  if (!closed()) log::error("http", "a handler went away without finishing its answer");
  if (phase_ == Phase::streaming) return abort();
  ErrorResponse response = error_response(Error{Errc::internal, "the request was not answered"});
  send(response.status, std::move(response.headers), std::move(response.body));
}

void Answer::on_closed(std::function<void()> callback) {
  {
    std::lock_guard lock(mutex_);
    if (is_done_) return;
    if (!closed()) {
      closed_callback_ = std::move(callback);
      return;
    }
  }
  callback();
}

void Answer::hand_over() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(is_delivery_due_, true)) return;
  }
  if (io_thread_.is_this_thread()) return deliver();
  io_thread_.post([self = shared_from_this()] { self->deliver(); });
}

void Answer::deliver() {
  std::string bytes;
  std::shared_ptr<const std::string> body;
  bool is_last = false, is_aborted = false;
  std::function<void()> dropped_callback;
  {
    std::lock_guard lock(mutex_);
    is_delivery_due_ = false;
    if (is_done_) return;
    bytes = std::move(head_);
    head_.clear();
    if (!pieces_.empty()) {
      if (is_chunked_) fmt::format_to(std::back_inserter(bytes), "{:x}\r\n", pieces_.size());
      bytes.append(pieces_);
      if (is_chunked_) bytes.append("\r\n");
      pieces_.clear();
    }
    body = std::move(body_);
    is_last = is_last_;
    is_aborted = is_aborted_;
    if (is_last && is_chunked_ && !drops_body_) bytes.append("0\r\n\r\n");
    if (is_last || is_aborted) {
      is_done_ = true;
      dropped_callback = std::move(closed_callback_);
      closed_callback_ = nullptr;
    }
  }
  auto sink = sink_.lock();
  if (sink == nullptr) return;
  if (is_aborted) return sink->abort_answer();
  const size_t size = bytes.size() + (body != nullptr ? body->size() : 0);
  sink->write_answer(bytes, std::move(body));
  if (is_last) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    request_seconds.observe(took.count());
    sink->finish_answer(keeps_alive_);
  } else if (sink->is_behind()) {
    std::lock_guard lock(mutex_);
    undrained_bytes_ += size;
  } else {
    changed_.notify_all();
  }
}

void Answer::drained() {
  std::lock_guard lock(mutex_);
  undrained_bytes_ = 0;
  changed_.notify_all();
}

void Answer::client_left() {
  std::function<void()> callback;
  {
    std::lock_guard lock(mutex_);
    if (is_done_ || closed()) return;
    is_gone_.store(true, std::memory_order_release);
    callback = std::move(closed_callback_);
    closed_callback_ = nullptr;
    changed_.notify_all();
  }
  if (callback) callback();
}

void Answer::forget() {
  std::lock_guard lock(mutex_);
  phase_ = Phase::finished;
  is_done_ = true;
}

}  // namespace weir::http
