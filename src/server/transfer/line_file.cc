// Files of line protocol as a source: cut into batches at the ends of lines.
#include <fmt/core.h>

#include <algorithm>

#include "base/json.h"
#include "model/slow_line.h"
#include "server/transfer/import_source.h"
#include "server/transfer/text_input.h"

namespace weir::server {
namespace {

// A line with some of the longest strings that a store takes; what goes on beyond is a quote that
// was never closed.
constexpr size_t kLineBytesMax = 8 * 1024 * 1024;

class LineFile final : public ImportSource {
 public:
  LineFile(std::unique_ptr<TextInput> input, std::string bucket, model::Precision precision)
      : input_(std::move(input)), bucket_(std::move(bucket)), precision_(precision) {}

  Result<void> resume(const std::string& position) override {
    WEIR_TRY(const Json at, parse_json(position));
    if (!at.is_object()) return Error{Errc::invalid, "the position is damaged"};
    offset_ = at.value("offset", uint64_t{0});
    line_ = at.value("line", uint64_t{1});
    return input_->skip(offset_);
  }

  Result<bool> next(LineBatch& batch) override {
    batch = {};
    batch.bucket = bucket_;
    batch.precision = precision_;
    batch.origin = input_->name();
    batch.first_line = line_;
    text_.erase(0, taken_);
    taken_ = 0;
    for (size_t lines = 0; lines < kBatchLinesMax && taken_ < kBatchBytesMax; lines++) {
      WEIR_TRY(const size_t end, find_end());
      if (end == taken_ && end == text_.size()) break;
      const auto line = std::string_view(text_).substr(taken_, end - taken_);
      line_ += static_cast<uint64_t>(std::count(line.begin(), line.end(), '\n')) + 1;
      taken_ = std::min(end + 1, text_.size());
    }
    if (taken_ == 0) return false;
    batch.lines = text_.substr(0, taken_);
    if (!batch.lines.ends_with('\n')) batch.lines.push_back('\n');
    offset_ += taken_;
    batch.position = dump_json(Json{{"offset", offset_}, {"line", line_}});
    return true;
  }

  double progress() const override { return input_->progress(); }

 private:
  // The end of the line at taken_, reading on until it is there. What is read doubles each time, so
  // that a long line is not looked through again for every piece of it.
  Result<size_t> find_end() {
    for (;;) {
      const size_t open = text_.size() - taken_;
      const bool is_there = model::find_line_end(text_, taken_) < text_.size();
      if (is_there || at_end_ || open > kLineBytesMax) return logical_line_end(text_, taken_);
      while (!at_end_ && text_.size() - taken_ <= 2 * open) {
        WEIR_TRY(const bool has_more, input_->read(text_));
        at_end_ = !has_more;
      }
    }
  }

  std::unique_ptr<TextInput> input_;
  std::string bucket_;
  model::Precision precision_;
  std::string text_;  // read, from the last batch on
  size_t taken_ = 0;  // of text_, by the last batch
  bool at_end_ = false;
  uint64_t offset_ = 0, line_ = 1;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_line_file(const std::string& path,
                                                     const std::string& bucket,
                                                     model::Precision precision) {
  WEIR_TRY(auto input, TextInput::open(path));
  return std::unique_ptr<ImportSource>(
      std::make_unique<LineFile>(std::move(input), bucket, precision));
}

}  // namespace weir::server
