#include "store/memory/memory_scan.h"

#include <algorithm>
#include <set>

#include "store/write_rules.h"

namespace weir::store::memory {
namespace {

struct Answer {
  ScanSeries series;
  model::ColumnChunk rows;  // all of them, however many
};

class MemoryCursor final : public ScanCursor {
 public:
  explicit MemoryCursor(std::vector<Answer> answers) : answers_(std::move(answers)) {}

  Result<const ScanSeries*> next_series() override {
    row_ = 0;
    if (next_ == answers_.size()) return static_cast<const ScanSeries*>(nullptr);
    return static_cast<const ScanSeries*>(&answers_[next_++].series);
  }

  Result<bool> next_chunk(model::ColumnChunk& chunk) override {
    const model::ColumnChunk& rows = answers_[next_ - 1].rows;
    chunk.clear();
    chunk.type = rows.type;
    size_t end = std::min(rows.rows(), row_ + model::kChunkRowsMax);
    for (; row_ < end; row_++) {
      chunk.append(rows.times[row_], rows.value(row_));
      if (!rows.window_starts.empty()) chunk.window_starts.push_back(rows.window_starts[row_]);
      if (!rows.counts.empty()) chunk.counts.push_back(rows.counts[row_]);
    }
    return chunk.rows() > 0;
  }

 private:
  std::vector<Answer> answers_;
  size_t next_ = 0, row_ = 0;
};

// One window's running result, exactly as the interface words it.
struct Window {
  int64_t start_ns = 0;
  int64_t count = 0;
  double float_sum = 0;
  uint64_t bits_sum = 0;  // int64 and uint64 sums wrap alike
  int64_t chosen_time_ns = 0;
  model::FieldValue chosen = model::FieldValue::of_bool(false);

  void add(Aggregate aggregate, int64_t time_ns, const model::FieldValue& value) {
    bool chooses = count == 0 || aggregate == Aggregate::last ||
                   (aggregate == Aggregate::min && less(value, chosen)) ||
                   (aggregate == Aggregate::max && less(chosen, value));
    if (chooses) chosen = value, chosen_time_ns = time_ns;
    count++;
    float_sum += value.as_float();
    bits_sum += value.bits();
  }

  static bool less(const model::FieldValue& a, const model::FieldValue& b) {
    switch (a.type()) {
      case model::FieldType::float64:
        return a.as_float() < b.as_float();
      case model::FieldType::int64:
        return a.as_int() < b.as_int();
      default:
        return a.as_uint() < b.as_uint();
    }
  }

  void finish(Aggregate aggregate, model::FieldType type, model::ColumnChunk& out) const {
    auto sum = [&]() -> double {
      if (type == model::FieldType::float64) return float_sum;
      return type == model::FieldType::int64 ? static_cast<double>(static_cast<int64_t>(bits_sum))
                                             : static_cast<double>(bits_sum);
    };
    out.window_starts.push_back(start_ns);
    switch (aggregate) {
      case Aggregate::count:
        return out.append(start_ns, model::FieldValue::of_int(count));
      case Aggregate::mean:
        return out.append(start_ns,
                          model::FieldValue::of_float(sum() / static_cast<double>(count)));
      case Aggregate::sum:
        if (type == model::FieldType::float64) {
          return out.append(start_ns, model::FieldValue::of_float(float_sum));
        }
        return out.append(start_ns, type == model::FieldType::int64
                                        ? model::FieldValue::of_int(static_cast<int64_t>(bits_sum))
                                        : model::FieldValue::of_uint(bits_sum));
      default:
        return out.append(chosen_time_ns, chosen);
    }
  }
};

using Points = std::vector<std::pair<int64_t, model::FieldValue>>;

// The matching values of one series and field, in time order.
Result<Points> collect(const Bucket& bucket, const ScanSpec& spec, const model::SeriesKey& key,
                       const std::string& field) {
  Points points;
  for (const auto& [start, group] : bucket.groups) {
    auto series = group.series.find(key);
    if (series == group.series.end()) continue;
    auto end = series->second.lower_bound(spec.stop_ns);
    for (auto row = series->second.lower_bound(spec.start_ns); row != end; ++row) {
      auto cell = row->second.find(field);
      if (cell == row->second.end()) continue;
      model::FieldValue value = cell->second.view();
      if (!points.empty() && points.front().second.type() != value.type()) {
        return schema_collision(points.front().second.type(), value.type());
      }
      points.emplace_back(row->first, value);
    }
  }
  std::erase_if(points, [&](const auto& point) {
    return spec.predicate != nullptr && !matches(*spec.predicate, key, field, point.second);
  });
  return points;
}

Result<model::ColumnChunk> compute(const ScanSpec& spec, const Points& points) {
  model::ColumnChunk rows;
  model::FieldType type = points.front().second.type();
  rows.type = aggregate_type(given_aggregate(spec), type);
  if (spec.aggregate == Aggregate::none) {
    size_t most = spec.rows_per_series_max.value_or(points.size());
    for (size_t i = 0; i < std::min(most, points.size()); i++) {
      rows.append(points[i].first, points[i].second);
    }
    return rows;
  }
  WEIR_CHECK(check_aggregate(spec.aggregate, type));
  Window window;
  auto finish = [&] {
    if (spec.as_parts && !selects(spec.aggregate))
      rows.counts.push_back(static_cast<uint64_t>(window.count));
    window.finish(given_aggregate(spec), type, rows);
  };
  for (const auto& [time_ns, value] : points) {
    int64_t start = spec.start_ns;
    if (spec.window_every_ns > 0) {
      start = std::max(start, window_start(time_ns, spec.window_every_ns, spec.window_offset_ns));
    }
    if (window.count > 0 && start != window.start_ns) {
      finish();
      window = {};
    }
    window.start_ns = start;
    window.add(spec.aggregate, time_ns, value);
  }
  finish();
  return rows;
}

}  // namespace

Result<std::unique_ptr<ScanCursor>> scan(const Bucket& bucket, const ScanSpec& spec) {
  std::set<std::pair<model::SeriesKey, std::string>> columns;
  for (const auto& [start, group] : bucket.groups) {
    for (const auto& [key, rows] : group.series) {
      for (auto row = rows.lower_bound(spec.start_ns);
           row != rows.end() && row->first < spec.stop_ns; ++row) {
        for (const auto& [field, value] : row->second) columns.emplace(key, field);
      }
    }
  }
  std::vector<Answer> answers;
  for (const auto& [key, field] : columns) {
    if (spec.predicate != nullptr && !may_match(*spec.predicate, key, field)) continue;
    WEIR_TRY(Points points, collect(bucket, spec, key, field));
    if (points.empty()) continue;
    Answer answer{{key, field, points.front().second.type()}, {}};
    WEIR_TRY(answer.rows, compute(spec, points));
    if (answer.rows.rows() > 0) answers.push_back(std::move(answer));
  }
  return std::unique_ptr<ScanCursor>(std::make_unique<MemoryCursor>(std::move(answers)));
}

}  // namespace weir::store::memory
