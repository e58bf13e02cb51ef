#include "server/transfer/rejects.h"

#include <fmt/core.h>

namespace weir::server {
namespace {

constexpr size_t kReasonsMax = 20;  // as many as a summary can show

// "unable to parse '<line>': <reason>" tells the line again.
std::string_view bare_reason(std::string_view reason) {
  const size_t at = reason.rfind("': ");
  if (!reason.starts_with("unable to parse '") || at == std::string_view::npos) return reason;
  return reason.substr(at + 3);
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) c = c == '\n' || c == '\r' ? ' ' : c;
  return line;
}

}  // namespace

void Rejects::add(std::string_view origin, uint64_t line_number, std::string_view reason,
                  std::string_view text, uint64_t count) {
  const std::string_view bare = bare_reason(reason);
  auto state = state_.lock();
  state->count += count;
  auto place = state->reasons.find(std::string(bare));
  if (place != state->reasons.end()) {
    place->second += count;
  } else if (state->reasons.size() < kReasonsMax) {
    state->reasons.emplace(bare, count);
  } else {
    state->reasons["other reasons"] += count;
  }
  if (path_.empty() || state->is_broken) return;
  if (!state->file) {
    state->file.reset(std::fopen(path_.c_str(), continues_ ? "a" : "w"));
    state->is_broken = !state->file;
    if (state->is_broken) return;
  }
  std::string entry =
      fmt::format("# {}{}: {}\n", on_one_line(origin),
                  line_number == 0 ? "" : fmt::format(":{}", line_number), on_one_line(bare));
  entry.append(text);
  if (!entry.ends_with('\n')) entry.push_back('\n');
  const bool written =
      std::fwrite(entry.data(), 1, entry.size(), state->file.get()) == entry.size() &&
      std::fflush(state->file.get()) == 0;
  state->is_broken = !written;
}

}  // namespace weir::server
