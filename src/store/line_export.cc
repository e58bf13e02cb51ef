#include "store/line_export.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "model/field_text.h"

namespace weir::store {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;  // a few writes to the socket

class Exporter {
 public:
  explicit Exporter(const std::function<bool(std::string_view)>& write) : write_(write) {}

  // False when the reader broke off.
  bool take(const ScanSeries& series, const model::ColumnChunk& chunk) {
    const std::string prefix = prefix_of(series);
    for (size_t row = 0; row < chunk.rows(); row++) append(prefix, chunk, row);
    return text_.size() < kPieceBytes || flush();
  }
  bool flush() {
    const bool goes_on = text_.empty() || write_(text_);
    text_.clear();
    return goes_on;
  }

 private:
  // "measurement,tag=value field=", or a comment's beginning.
  static std::string prefix_of(const ScanSeries& series) {
    const std::string key = series.key.canonical();
    const auto back = model::parse_series_key(key);
    const bool is_sayable =
        back.ok() && *back == series.key && key.find('\n') == std::string::npos && key[0] != '#' &&
        key[0] != '\t' && key[0] != '\0' && series.field.find('\n') == std::string::npos &&
        !series.field.empty() && !series.field.ends_with('\\');
    std::string prefix = key + " ";
    model::append_escaped_tag(prefix, series.field);
    if (is_sayable) return prefix + "=";
    for (char& c : prefix) c = c == '\n' ? ' ' : c;
    return "# line protocol has no such name: " + prefix + "=";
  }

  void append(const std::string& prefix, const model::ColumnChunk& chunk, size_t row) {
    const model::FieldValue value = chunk.value(row);
    const size_t begin = text_.size();
    if (value.type() == model::FieldType::float64 && !std::isfinite(value.as_float())) {
      text_ += "# line protocol has no such number: ";
    }
    text_ += prefix;
    model::append_value(text_, value);
    if (text_[begin] == '#') {
      for (size_t i = begin; i < text_.size(); i++) text_[i] = text_[i] == '\n' ? ' ' : text_[i];
    }
    char digits[24];
    text_.push_back(' ');
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, chunk.times[row]).ptr);
    text_.push_back('\n');
  }

  const std::function<bool(std::string_view)>& write_;
  std::string text_;
};

}  // namespace

Result<void> export_lines(Store& store, const LineExport& wanted,
                          const std::function<bool(std::string_view)>& write) {
  Exporter exporter(write);
  WEIR_CHECK(
      scan_by_group(store, wanted, [&](const ScanSeries& series, const model::ColumnChunk& chunk) {
        return exporter.take(series, chunk);
      }));
  (void)exporter.flush();
  return {};
}

}  // namespace weir::store
