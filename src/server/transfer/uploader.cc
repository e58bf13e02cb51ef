#include "server/transfer/uploader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/json.h"
#include "http/client.h"
#include "http/compression.h"
#include "server/commands/server_call.h"

namespace weir::server {
namespace {

// Requests that may be spent on finding the bad lines of one batch: some dozens of them.
constexpr int kSplitsMax = 1000;
constexpr int64_t kFirstPauseMs = 250, kLastPauseMs = 15'000;

std::string_view precision_text(model::Precision precision) {
  switch (precision) {
    case model::Precision::ns:
      return "ns";
    case model::Precision::us:
      return "us";
    case model::Precision::ms:
      return "ms";
    case model::Precision::s:
      break;
  }
  return "s";
}

bool is_worth_another_try(int status) { return status == 429 || status == 408 || status >= 500; }

std::string message_of(const http::ClientResponse& response) {
  auto body = parse_json(response.body);
  if (body.ok() && body->is_object()) return body->value("message", response.body);
  return response.body;
}

struct Line {
  std::string_view text;
  uint64_t number;
};

// The lines that hold points, with their numbers (0 if the first has none).
std::vector<Line> lines_of(std::string_view text, uint64_t first_line) {
  std::vector<Line> lines;
  uint64_t number = first_line;
  for (size_t at = 0; at < text.size();) {
    const size_t end = logical_line_end(text, at);
    const std::string_view line = text.substr(at, end - at);
    const size_t content = line.find_first_not_of(" \t\n");
    if (content != std::string_view::npos && line[content] != '#') lines.push_back({line, number});
    if (first_line != 0) {
      number += static_cast<uint64_t>(std::count(line.begin(), line.end(), '\n')) + 1;
    }
    at = end + 1;
  }
  return lines;
}

// N of "... dropped=N", or 0.
size_t dropped_in(std::string_view message) {
  constexpr std::string_view kLabel = "dropped=";
  const size_t at = message.rfind(kLabel);
  size_t count = 0;
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = message.substr(at + kLabel.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

// Without InfluxDB's frame: "failure writing points to database: partial write: ... dropped=1".
std::string_view bare_message(std::string_view message) {
  for (std::string_view frame : {"failure writing points to database: ", "partial write: "}) {
    if (message.starts_with(frame)) message.remove_prefix(frame.size());
  }
  return message.substr(0, message.rfind(" dropped="));
}

}  // namespace

Uploader::Uploader(UploadOptions options, Rejects& rejects)
    : options_(std::move(options)), rejects_(rejects) {
  for (unsigned i = 0; i < options_.requests_in_flight; i++) {
    threads_.emplace_back([this] { run(); });
  }
}

Uploader::~Uploader() {
  {
    auto state = state_.lock();
    state->stopping = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Uploader::submit(LineBatch batch) {
  auto state = state_.lock();
  state.wait(changed_, [&] { return state->failure || state->queue.size() < kWaitingMax; });
  if (state->failure) return false;
  state->queue.push_back({state->submitted++, std::move(batch)});
  state.unlock();
  changed_.notify_all();
  return true;
}

Result<void> Uploader::finish() {
  auto state = state_.lock();
  state.wait(changed_, [&] { return state->failure || state->finished == state->submitted; });
  if (state->failure) return *state->failure;
  return {};
}

UploadProgress Uploader::progress() const {
  auto state = state_.lock();
  UploadProgress progress = state->progress;
  progress.is_waiting = state->waiting > 0;
  return progress;
}

bool Uploader::pause(int64_t ms) {
  auto state = state_.lock();
  state->waiting++;
  const bool ends = state.wait_for(changed_, std::chrono::milliseconds(ms),
                                   [&] { return state->stopping || state->failure.has_value(); });
  state->waiting--;
  return !ends;
}

void Uploader::run() {
  for (;;) {
    auto state = state_.lock();
    state.wait(changed_, [&] { return state->stopping || !state->queue.empty(); });
    if (state->stopping) return;
    Job job = std::move(state->queue.front());
    state->queue.pop_front();
    state.unlock();
    changed_.notify_all();

    Attempt attempt{kSplitsMax, 0};
    auto stored = store(job.batch, job.batch.lines, job.batch.first_line, attempt);
    auto after = state_.lock();
    after->finished++;
    if (!stored.ok()) {
      if (!after->failure) after->failure = std::move(stored).error();
    } else {
      after->progress.points_stored += attempt.points_stored;
      after->ahead[job.number] = {std::move(job.batch.position), attempt.points_stored};
      for (auto next = after->ahead.find(after->done_up_to); next != after->ahead.end();
           next = after->ahead.find(after->done_up_to)) {
        after->progress.position = std::move(next->second.position);
        after->progress.points_at_position += next->second.points;
        after->ahead.erase(next);
        after->done_up_to++;
      }
    }
    after.unlock();
    changed_.notify_all();
  }
}

Result<std::optional<Uploader::Refusal>> Uploader::send(const LineBatch& batch,
                                                        std::string_view lines) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = fmt::format("{}/api/v2/write?org={}&bucket={}&precision={}", options_.access.url,
                            percent_encode(options_.access.organization),
                            percent_encode(batch.bucket), precision_text(batch.precision));
  request.headers.set("Content-Type", "text/plain; charset=utf-8");
  request.headers.set("Content-Encoding", "gzip");
  if (!options_.access.token.empty()) {
    request.headers.set("Authorization", "Token " + options_.access.token);
  }
  request.body = http::gzip(lines);
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.retry_ms_max);
  for (int64_t pause_ms = kFirstPauseMs;; pause_ms = std::min(pause_ms * 2, kLastPauseMs)) {
    auto response = http::call(request);
    std::string reason;
    if (response.ok()) {
      if (response->status / 100 == 2) return std::optional<Refusal>();
      reason = fmt::format("answered {}: {}", response->status, message_of(*response));
      if (!is_worth_another_try(response->status)) {
        return std::optional<Refusal>({response->status, message_of(*response)});
      }
    } else {
      if (response.error().code != Errc::unavailable) return std::move(response).error();
      reason = response.error().message;
    }
    if (std::chrono::steady_clock::now() >= give_up) {
      return Error{Errc::unavailable, fmt::format("{}: {}; gave up after {} s", options_.access.url,
                                                  reason, options_.retry_ms_max / 1000)};
    }
    if (!pause(pause_ms)) return Error{Errc::unavailable, "the import was given up"};
  }
}

Result<void> Uploader::store(const LineBatch& batch, std::string_view lines, uint64_t first_line,
                             Attempt& attempt) {
  const bool is_whole = lines.size() == batch.lines.size();
  if (is_whole && batch.points == 0) return {};
  WEIR_TRY(const std::optional<Refusal> refusal, send(batch, lines));
  if (!refusal && is_whole) {
    attempt.points_stored += batch.points;
    return {};
  }
  const std::vector<Line> all = lines_of(lines, first_line);
  if (!refusal) {
    attempt.points_stored += all.size();
    return {};
  }
  const int status = refusal->status;
  if (status != 400 && status != 413 && status != 422) {
    return Error{Errc::invalid,
                 fmt::format("{} answered {} for bucket {}: {}{}", options_.access.url, status,
                             batch.bucket, refusal->message,
                             status == 401   ? "; give a token with --token or INFLUXDB_TOKEN"
                             : status == 404 ? "; --create-buckets makes buckets that are missing"
                                             : "")};
  }
  const std::string_view reason = bare_message(refusal->message);
  const size_t dropped = status == 422 ? dropped_in(refusal->message) : all.size();
  if (all.size() <= 1 || (status == 422 && dropped == all.size())) {
    for (const Line& line : all) rejects_.add(batch.origin, line.number, reason, line.text);
    return {};
  }
  if (attempt.splits_left-- <= 0) {
    // Some of these lines are stored and some are not: which, only the server knows.
    rejects_.add(batch.origin, all.front().number,
                 fmt::format("{} of {} lines from here on: {}", dropped, all.size(), reason), "",
                 dropped);
    if (status == 422) attempt.points_stored += all.size() - dropped;
    return {};
  }
  const Line& middle = all[all.size() / 2];
  const auto split = static_cast<size_t>(middle.text.data() - lines.data());
  WEIR_CHECK(store(batch, lines.substr(0, split), first_line, attempt));
  return store(batch, lines.substr(split), middle.number, attempt);
}

}  // namespace weir::server
