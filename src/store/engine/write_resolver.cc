#include "store/engine/write_resolver.h"

#include <algorithm>
#include <array>

#include "store/write_rules.h"

namespace weir::store {

Result<void> WriteResolver::resolve(const model::PointBatch& batch) {
  WEIR_CHECK(resolve_series(batch));
  is_packed_ = batch.points.size() >= kPackedPointsMin;
  WEIR_CHECK(resolve_rows(batch));
  if (is_packed_) {
    close_record(packed_);
  } else {
    close_record(rows_);
  }
  if (outcome_.dropped_points > 0) {
    outcome_.partial = partial_write_text(first_reason_.empty() ? kRetentionReason : first_reason_,
                                          outcome_.dropped_points);
  }
  return {};
}

Result<void> WriteResolver::resolve_series(const model::PointBatch& batch) {
  series_.resize(batch.points.size());
  std::vector<std::pair<size_t, Fingerprint>> unknown;
  {
    std::shared_lock lock(index_.mutex());
    std::array<Fingerprint, kKeysAhead> prints;
    for (size_t begin = 0; begin < batch.points.size(); begin += kKeysAhead) {
      const size_t count = std::min(kKeysAhead, batch.points.size() - begin);
      for (size_t k = 0; k < count; k++) {
        prints[k] = index_.fingerprint(batch.points[begin + k].raw_series_key);
        index_.prefetch(prints[k]);
      }
      for (size_t k = 0; k < count; k++) {
        std::optional<SeriesId> id = index_.find(prints[k]);
        if (id) {
          series_[begin + k] = *id;
        } else {
          unknown.emplace_back(begin + k, prints[k]);
        }
      }
    }
  }
  return unknown.empty() ? Result<void>() : add_unknown_series(batch, unknown);
}

Result<void> WriteResolver::add_unknown_series(
    const model::PointBatch& batch, const std::vector<std::pair<size_t, Fingerprint>>& unknown) {
  std::vector<model::SeriesKey> keys;
  keys.reserve(unknown.size());
  for (const auto& [point, print] : unknown) {
    WEIR_TRY(model::SeriesKey key, model::parse_series_key(batch.points[point].raw_series_key));
    keys.push_back(std::move(key));
  }
  std::unique_lock lock(index_.mutex());
  for (size_t i = 0; i < unknown.size(); i++) {
    const auto& [point, print] = unknown[i];
    std::optional<SeriesId> id = index_.find(print);
    std::string canonical;
    if (!id) {
      canonical = keys[i].canonical();
      id = index_.find_alias(print, canonical);
    }
    if (!id && series_max_ != 0 && index_.known_count() >= series_max_) {
      series_[point] = kNoSeries;
      continue;
    }
    if (!id) {
      id = index_.add_series(keys[i], canonical);
      (void)index_.find_alias(print, canonical);
      log_.submit(RecordType::series, encode(SeriesRecord{bucket_.number, *id, canonical}), {});
    }
    series_[point] = *id;
  }
  return {};
}

Result<void> WriteResolver::resolve_rows(const model::PointBatch& batch) {
  const BucketOptions options = bucket_.options();
  int64_t group_start = 0, group_end = 0;  // of the point before; empty at first
  std::shared_lock lock(index_.mutex());
  for (size_t i = 0; i < batch.points.size(); i++) {
    const model::BatchPoint& point = batch.points[i];
    if (beyond_retention(options, point.time_ns, now_ns_)) {
      outcome_.dropped_points++;
      continue;
    }
    if (series_[i] == kNoSeries) {
      drop_over_limit(point);
      continue;
    }
    if (point.time_ns < group_start || point.time_ns >= group_end) {
      group_start = shard_group_start(point.time_ns, options.shard_group_duration_ns);
      group_end = shard_group_end(group_start, options.shard_group_duration_ns);
    }
    ShapeKey key{index_.measurement_of(series_[i]), group_start};
    Fields fields = batch.fields.data() + point.fields_begin;
    LineShape& shape = shape_of(key, fields, point.fields_count, lock);
    if (!shape.reason.empty()) {
      drop(shape.reason);
      continue;
    }
    if (shape.has_strings) {
      auto too_long = std::find_if(fields, fields + point.fields_count, [](const auto& field) {
        return field.value.type() == model::FieldType::string &&
               field.value.as_string().size() > kStringBytesMax;
      });
      if (too_long != fields + point.fields_count) {
        drop(too_long_reason(index_.measurement_name(key.measurement), too_long->key,
                             too_long->value.as_string().size()));
        continue;
      }
    }
    WEIR_CHECK(is_packed_ ? add_row(packed_, series_[i], point.time_ns, shape, fields)
                          : add_row(rows_, series_[i], point.time_ns, shape, fields));
  }
  return {};
}

WriteResolver::LineShape& WriteResolver::shape_of(const ShapeKey& key, Fields fields, size_t count,
                                                  std::shared_lock<std::shared_mutex>& lock) {
  auto& known = shapes_[key];
  for (const auto& shape : known) {
    if (shape->names.size() != count) continue;
    bool same = true;
    for (size_t i = 0; same && i < count; i++) {
      same = shape->types[i] == fields[i].value.type() && shape->names[i] == fields[i].key;
    }
    if (same) return *shape;
  }
  lock.unlock();
  LineShape shape = make_shape(key, fields, count);
  lock.lock();
  known.push_back(std::make_unique<LineShape>(std::move(shape)));
  return *known.back();
}

// Looks at the fields in order, as InfluxDB does: those before one that breaks a rule keep the
// type they were given.
WriteResolver::LineShape WriteResolver::make_shape(const ShapeKey& key, Fields fields,
                                                   size_t count) {
  LineShape shape;
  std::unique_lock lock(index_.mutex());
  for (uint32_t i = 0; i < count; i++) {
    shape.names.push_back(fields[i].key);
    shape.types.push_back(fields[i].value.type());
  }
  for (uint32_t i = 0; i < count; i++) {
    if (fields[i].key == "time") continue;  // dropped without a word beside other fields
    if (fields[i].value.type() == model::FieldType::string) {
      shape.has_strings = true;
      if (fields[i].value.as_string().size() > kStringBytesMax) {
        // Only this line is too long; others of its shape are judged without its fields' types.
        shape.reason = too_long_reason(index_.measurement_name(key.measurement), fields[i].key,
                                       fields[i].value.as_string().size());
        shape.names.assign(1, std::string_view());  // matches no line
        return shape;
      }
    }
    LayoutField defined;
    shape.reason = define_field(key, fields[i], defined);
    if (!shape.reason.empty()) return shape;
    auto same = std::find_if(shape.layout.begin(), shape.layout.end(),
                             [&](LayoutField field) { return field.field == defined.field; });
    if (same != shape.layout.end()) {  // named twice: the last one counts
      shape.sources[static_cast<size_t>(same - shape.layout.begin())] = i;
    } else {
      shape.layout.push_back(defined);
      shape.sources.push_back(i);
    }
  }
  if (shape.layout.empty()) {
    shape.reason = time_field_reason(index_.measurement_name(key.measurement));
  }
  return shape;
}

// Finds or creates the field and its type; a reason if it cannot be. With the index locked.
std::string WriteResolver::define_field(const ShapeKey& key, const model::BatchField& field,
                                        LayoutField& defined) {
  const std::string& measurement = index_.measurement_name(key.measurement);
  std::optional<FieldId> id = index_.find_field(key.measurement, field.key);
  if (!id) {
    id = index_.add_field(key.measurement, field.key);
    if (!id) return "measurement \"" + measurement + "\" has 65536 fields, no more fit";
    log_.submit(RecordType::fields,
                encode(FieldRecord{bucket_.number, key.measurement, *id, field.key}), {});
  }
  model::FieldType type = field.value.type();
  auto existing = index_.field_type(key.group_start_ns, key.measurement, *id);
  if (existing && *existing != type) {
    if (!becomes_float(type, *existing) || !index_.is_mapped_automatically(key.measurement)) {
      return conflict_reason(measurement, field.key, type, *existing);
    }
    type = *existing;
  }
  if (!existing) {
    index_.set_field_type(key.group_start_ns, key.measurement, *id, type);
    log_.submit(
        RecordType::field_types,
        encode(FieldTypeRecord{bucket_.number, key.group_start_ns, key.measurement, *id, type}),
        {});
  }
  defined = {*id, type};
  return {};
}

template <class Encoder>
Result<void> WriteResolver::add_row(Encoder& rows, SeriesId series, int64_t time_ns,
                                    LineShape& shape, Fields fields) {
  if (rows.size() > kRowsRecordBytes || rows.is_full()) close_record(rows);
  if (shape.record_key == SIZE_MAX) shape.record_key = rows.layouts();
  rows.add_point(series, time_ns, shape.record_key, shape.layout);
  for (size_t i = 0; i < shape.sources.size(); i++) {
    const model::FieldValue& value = fields[shape.sources[i]].value;
    rows.add_value(shape.layout[i].type == value.type() ? value : as_float(value));
  }
  values_ += shape.sources.size();
  if (rows.size() <= kStoreLog.body_bytes_max - kPackingSlack) return {};
  return Error{Errc::too_large, "one point takes more than 28 MiB"};
}

template <class Encoder>
void WriteResolver::close_record(Encoder& rows) {
  if (rows.empty()) return;
  records_.push_back(rows.take());
  rows = Encoder(bucket_.number);
  for (auto& [key, shapes] : shapes_) {
    for (auto& shape : shapes) shape->record_key = SIZE_MAX;
  }
}

void WriteResolver::drop_over_limit(const model::BatchPoint& point) {
  if (outcome_.refused_series.empty())
    drop(series_limit_reason(series_max_));
  else
    outcome_.dropped_points++;
  outcome_.refused_series.emplace_back(point.raw_series_key);
}

void WriteResolver::drop(std::string_view reason) {
  if (first_reason_.empty()) first_reason_ = reason;
  outcome_.dropped_points++;
}

}  // namespace weir::store
