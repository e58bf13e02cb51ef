#include "server/transfer/text_input.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace weir::server {
namespace {

// gzip can expand a thousand times: a piece becomes 32 MiB of text at most.
constexpr size_t kPieceBytes = 32 * 1024;

}  // namespace

Result<std::unique_ptr<TextInput>> TextInput::open(const std::string& path) {
  std::unique_ptr<TextInput> input(new TextInput());
  input->name_ = path == "-" ? "standard input" : path;
  input->file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!input->file_) {
    return Error{Errc::io, fmt::format("{}: cannot open: {}", path, std::strerror(errno))};
  }
  struct stat status {};
  if (::fstat(::fileno(input->file_.get()), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      return Error{Errc::invalid,
                   fmt::format("{}: is a directory, wanted a file; the directory of an InfluxDB is "
                               "given with --influxd",
                               path)};
    }
    if (S_ISREG(status.st_mode)) input->size_ = static_cast<uint64_t>(status.st_size);
  }
  return input;
}

Result<bool> TextInput::read(std::string& out) {
  if (!rest_.empty()) {
    out += std::exchange(rest_, {});
    return true;
  }
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    piece.resize(kPieceBytes);
    piece.resize(std::fread(piece.data(), 1, piece.size(), file_.get()));
    if (piece.empty()) {
      if (std::ferror(file_.get()) != 0) {
        return Error{Errc::io, fmt::format("{}: cannot read: {}", name_, std::strerror(errno))};
      }
      if (gunzip_ && !gunzip_->at_end()) {
        return Error{Errc::invalid, fmt::format("{}: the gzip data ends early", name_)};
      }
      return false;
    }
    read_ += piece.size();
    if (!std::exchange(has_begun_, true) && piece.starts_with("\x1f\x8b")) gunzip_.emplace();
    if (!gunzip_) {
      out += piece;
      return true;
    }
    const size_t before = out.size();
    if (auto fed = gunzip_->feed(piece, out); !fed.ok()) {
      return Error{Errc::invalid,
                   fmt::format("{}: damaged gzip data before byte {}", name_, read_)};
    }
    if (out.size() > before) return true;
  }
}

Result<void> TextInput::skip(uint64_t text_bytes) {
  std::string text;
  while (text_bytes > 0) {
    text.clear();
    WEIR_TRY(const bool has_more, read(text));
    if (!has_more) break;
    if (text.size() <= text_bytes) {
      text_bytes -= text.size();
      continue;
    }
    rest_ = text.substr(static_cast<size_t>(text_bytes));
    return {};
  }
  if (text_bytes == 0) return {};
  return Error{Errc::invalid, fmt::format("{}: is shorter than when its import began", name_)};
}

double TextInput::progress() const {
  return size_ == 0 ? -1 : static_cast<double>(read_) / static_cast<double>(size_);
}

}  // namespace weir::server
