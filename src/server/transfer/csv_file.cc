// Annotated CSV as a source (RFC 4180 quoting): rows become lines one by one.
#include <fmt/core.h>

#include <algorithm>

#include "base/json.h"
#include "server/transfer/csv_columns.h"
#include "server/transfer/import_source.h"
#include "server/transfer/text_input.h"

namespace weir::server {
namespace {

// A cell may hold a string of 1 MiB and a row some of them; beyond this a quote was never closed.
constexpr size_t kRowBytesMax = 16 * 1024 * 1024;

class CsvFile final : public ImportSource {
 public:
  CsvFile(std::unique_ptr<TextInput> input, std::string bucket, Rejects& rejects)
      : input_(std::move(input)), bucket_(std::move(bucket)), rejects_(rejects) {}

  // A row means nothing without the annotations above it: they are read again on the way.
  Result<void> resume(const std::string& position) override {
    WEIR_TRY(const Json at, parse_json(position));
    if (!at.is_object()) return Error{Errc::invalid, "the position is damaged"};
    resume_line_ = at.value("line", uint64_t{1});
    return {};
  }

  Result<bool> next(LineBatch& batch) override {
    batch = {};
    batch.bucket = bucket_;
    batch.origin = input_->name();
    for (size_t rows = 0; rows < kBatchLinesMax && batch.lines.size() < kBatchBytesMax; rows++) {
      const uint64_t row_line = line_;
      WEIR_TRY(const bool has_row, read_row());
      if (!has_row) break;
      const size_t before = batch.lines.size();
      WEIR_CHECK(take_row(batch, row_line));
      if (line_ <= resume_line_) {  // stored by the import that this one goes on from
        batch.lines.clear();
        rows = 0;
        continue;
      }
      if (batch.first_line == 0) batch.first_line = row_line;
      // As many breaks as the row had, so that lines keep their numbers.
      const auto made =
          std::count(batch.lines.begin() + static_cast<ptrdiff_t>(before), batch.lines.end(), '\n');
      const auto had = static_cast<ptrdiff_t>(line_ - row_line);
      if (made < had) batch.lines.append(static_cast<size_t>(had - made), '\n');
    }
    batch.position = dump_json(Json{{"line", line_}});
    return !batch.lines.empty();
  }

  double progress() const override { return input_->progress(); }

 private:
  enum class Expect : uint8_t { header, rows };

  Error error_at(uint64_t line, const Error& error) const {
    return Error{Errc::invalid, fmt::format("{}:{}: {}", input_->name(), line, error.message)};
  }

  Result<void> take_row(LineBatch& batch, uint64_t line) {
    if (row_.size() == 1 && row_[0].empty()) {  // an empty line ends a table
      expect_ = Expect::header;
      annotations_ = {};
      return {};
    }
    if (row_[0].starts_with('#')) {
      if (expect_ == Expect::rows) annotations_ = {};
      expect_ = Expect::header;
      auto added = annotations_.add(row_);
      if (!added.ok()) return error_at(line, added.error());
      return {};
    }
    if (expect_ == Expect::header) {
      if (std::find(row_.begin(), row_.end(), "error") != row_.end() &&
          std::find(row_.begin(), row_.end(), "reference") != row_.end()) {
        return error_at(line, {Errc::invalid,
                               "the query that made this file failed: its error "
                               "stands here instead of rows"});
      }
      auto made = CsvColumns::make(annotations_, row_);
      if (!made.ok()) return error_at(line, made.error());
      columns_ = std::move(made).value();
      expect_ = Expect::rows;
      return {};
    }
    auto appended = columns_.append_line(batch.lines, row_);
    if (!appended.ok() && line_ > resume_line_) {
      std::string shown = "#";
      for (const std::string& cell : row_) shown += (shown.size() > 1 ? "," : " ") + cell;
      std::replace(shown.begin(), shown.end(), '\n', ' ');
      rejects_.add(batch.origin, line, appended.error().message, shown);
    }
    return {};
  }

  // Reads on until text_ has a byte at `at`; false at the end of the file.
  Result<bool> has_byte(size_t at) {
    while (at >= text_.size()) {
      if (at - row_begin_ > kRowBytesMax) {
        return error_at(line_, {Errc::invalid, "a quote is opened and never closed"});
      }
      text_.erase(0, row_begin_);
      at -= std::exchange(row_begin_, 0);
      WEIR_TRY(const bool has_more, input_->read(text_));
      if (!has_more) return false;
    }
    return true;
  }

  // Fills row_ with the next row's cells.
  Result<bool> read_row() {
    row_.clear();
    std::string cell;
    bool quoted = false, was_quoted = false;
    const uint64_t begin_line = line_;
    for (size_t offset = 0;; offset++) {  // from row_begin_, which moves as text is read
      WEIR_TRY(const bool has_more, has_byte(row_begin_ + offset));
      if (!has_more) {
        if (quoted) {
          return error_at(begin_line, {Errc::invalid, "a quote is opened and never closed"});
        }
        row_begin_ += offset;
        if (offset == 0) return false;
        line_++;
        row_.push_back(std::move(cell));
        return true;
      }
      const char c = text_[row_begin_ + offset];
      line_ += c == '\n' ? 1 : 0;
      if (quoted) {
        if (c != '"') {
          cell.push_back(c);
          continue;
        }
        WEIR_TRY(const bool has_next, has_byte(row_begin_ + offset + 1));
        if (has_next && text_[row_begin_ + offset + 1] == '"') {
          cell.push_back('"');
          offset++;
        } else {
          quoted = false;
        }
      } else if (c == '"' && cell.empty() && !was_quoted) {
        quoted = was_quoted = true;
      } else if (c == ',' || c == '\n') {
        if (c == '\n' && !was_quoted && cell.ends_with('\r')) cell.pop_back();
        row_.push_back(std::exchange(cell, {}));
        was_quoted = false;
        if (c == '\n') {
          row_begin_ += offset + 1;
          return true;
        }
      } else if (!(c == '\r' && was_quoted)) {
        cell.push_back(c);
      }
    }
  }

  std::unique_ptr<TextInput> input_;
  std::string bucket_;
  Rejects& rejects_;
  std::string text_;
  size_t row_begin_ = 0;
  uint64_t line_ = 1, resume_line_ = 1;
  CsvCells row_;
  CsvAnnotations annotations_;
  CsvColumns columns_;
  Expect expect_ = Expect::header;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_csv_file(const std::string& path,
                                                    const std::string& bucket, Rejects& rejects) {
  WEIR_TRY(auto input, TextInput::open(path));
  return std::unique_ptr<ImportSource>(
      std::make_unique<CsvFile>(std::move(input), bucket, rejects));
}

}  // namespace weir::server
