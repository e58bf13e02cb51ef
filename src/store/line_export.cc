#include "store/line_export.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "model/field_text.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;  // a few writes to the socket

class Exporter {
 public:
  Exporter(Store& store, const LineExport& wanted,
           const std::function<bool(std::string_view)>& write)
      : store_(store), wanted_(wanted), write_(write) {}

  // Halves ranges until one shard group is left: long empty times cost little. Returns false when
  // the reader broke off.
  Result<bool> run(int64_t start_ns, int64_t stop_ns) {
    if (start_ns >= stop_ns) return true;
    const int64_t group = shard_group_start(start_ns, wanted_.shard_group_ns);
    if (shard_group_end(group, wanted_.shard_group_ns) >= stop_ns) return scan(start_ns, stop_ns);
    SchemaSpec question;
    question.bucket = wanted_.bucket;
    question.start_ns = start_ns;
    question.stop_ns = stop_ns;
    WEIR_TRY(const auto measurements, store_.schema(question));
    if (measurements.empty()) return true;
    const int64_t middle = start_ns / 2 + stop_ns / 2;
    int64_t split = shard_group_start(middle, wanted_.shard_group_ns);
    if (split <= start_ns) split = shard_group_end(group, wanted_.shard_group_ns);
    WEIR_TRY(const bool goes_on, run(start_ns, split));
    return goes_on ? run(split, stop_ns) : false;
  }

  Result<bool> flush() {
    const bool goes_on = text_.empty() || write_(text_);
    text_.clear();
    return goes_on;
  }

 private:
  Result<bool> scan(int64_t start_ns, int64_t stop_ns) {
    ScanSpec spec;
    spec.bucket = wanted_.bucket;
    spec.start_ns = start_ns;
    spec.stop_ns = stop_ns;
    spec.predicate = wanted_.predicate;
    WEIR_TRY(const auto cursor, store_.scan(spec));
    for (;;) {
      WEIR_TRY(const ScanSeries* series, cursor->next_series());
      if (series == nullptr) return true;
      const std::string prefix = prefix_of(*series);
      for (;;) {
        WEIR_TRY(const bool has_rows, cursor->next_chunk(chunk_));
        if (!has_rows) break;
        for (size_t row = 0; row < chunk_.rows(); row++) append(prefix, row);
        if (text_.size() < kPieceBytes) continue;
        WEIR_TRY(const bool goes_on, flush());
        if (!goes_on) return false;
      }
    }
  }

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

  void append(const std::string& prefix, size_t row) {
    const model::FieldValue value = chunk_.value(row);
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
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, chunk_.times[row]).ptr);
    text_.push_back('\n');
  }

  Store& store_;
  const LineExport& wanted_;
  const std::function<bool(std::string_view)>& write_;
  model::ColumnChunk chunk_;
  std::string text_;
};

}  // namespace

Result<void> export_lines(Store& store, const LineExport& wanted,
                          const std::function<bool(std::string_view)>& write) {
  WEIR_TRY(const BucketStatistics bounds, store.statistics(wanted.bucket));
  if (!bounds.first_time_ns || !bounds.last_time_ns) return {};
  Exporter exporter(store, wanted, write);
  const int64_t start = std::max(wanted.start_ns, *bounds.first_time_ns);
  const int64_t last = std::min(*bounds.last_time_ns, kTimeMax);  // so that last + 1 exists
  WEIR_TRY(const bool goes_on, exporter.run(start, std::min(wanted.stop_ns, last + 1)));
  if (!goes_on) return {};
  WEIR_TRY([[maybe_unused]] const bool was_taken, exporter.flush());
  return {};
}

}  // namespace weir::store
