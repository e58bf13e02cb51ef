#include "store/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/sync.h"
#include "store/memory/memory_scan.h"
#include "store/memory/memory_series.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

using memory::Bucket;
using memory::Fields;
using memory::OwnedValue;
using memory::Rows;
using memory::ShardGroup;

// The bucket's groups that overlap [start, stop).
template <class Visit>
void for_each_group(Bucket& bucket, int64_t start_ns, int64_t stop_ns, Visit visit) {
  int64_t duration = bucket.options.shard_group_duration_ns;
  for (auto& [group_start, group] : bucket.groups) {
    if (group_start < stop_ns && shard_group_end(group_start, duration) > start_ns) visit(group);
  }
}

// Whether any field registered for the series' measurement may satisfy the predicate.
bool series_may_match(const ShardGroup& group, const model::SeriesKey& key,
                      const PredicatePtr& predicate) {
  if (predicate == nullptr) return true;
  auto types = group.types.find(key.measurement);
  if (types == group.types.end()) return false;
  return std::any_of(types->second.begin(), types->second.end(),
                     [&](const auto& entry) { return may_match(*predicate, key, entry.first); });
}

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Result<void> create_bucket(BucketId id, const BucketOptions& options) override {
    auto buckets = buckets_.lock();
    if (buckets->contains(id)) {
      return Error{Errc::conflict, "bucket " + id_to_text(id) + " exists already"};
    }
    Bucket& bucket = (*buckets)[id];
    bucket.options = options;
    bucket.options.shard_group_duration_ns = shard_group_duration(options);
    return {};
  }

  Result<void> update_bucket(BucketId id, const BucketOptions& options) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, id));
    bucket->options.retention_ns = options.retention_ns;
    return {};
  }

  Result<void> drop_bucket(BucketId id) override {
    auto buckets = buckets_.lock();
    WEIR_CHECK(find(*buckets, id));
    buckets->erase(id);
    return {};
  }

  void write(BucketId id, model::PointBatch batch, WriteDone done) override {
    done(write_now(id, batch));
  }

  Result<std::unique_ptr<ScanCursor>> scan(const ScanSpec& spec) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, spec.bucket));
    return memory::scan(*bucket, spec);
  }

  Result<void> remove(const DeleteSpec& spec) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, spec.bucket));
    if (spec.predicate != nullptr && tests_value(*spec.predicate)) {
      return Error{Errc::invalid, "a delete predicate cannot compare _value"};
    }
    for_each_group(
        *bucket, spec.start_ns, std::min(spec.stop_ns, kTimeMax) + 1, [&](ShardGroup& group) {
          std::set<std::string> touched;
          for (auto& [key, rows] : group.series) {
            if (series_may_match(group, key, spec.predicate)) touched.insert(key.measurement);
            remove_from(rows, key, spec);
          }
          std::erase_if(group.series, [](const auto& entry) { return entry.second.empty(); });
          for (const std::string& measurement : touched) forget_unused_fields(group, measurement);
        });
    std::erase_if(bucket->groups, [](const auto& entry) {
      return entry.second.series.empty() && entry.second.types.empty();
    });
    return {};
  }

  Result<std::vector<std::string>> schema(const SchemaSpec& spec) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, spec.bucket));
    std::set<std::string> found;
    for_each_group(*bucket, spec.start_ns, spec.stop_ns, [&](ShardGroup& group) {
      for (const auto& [key, rows] : group.series) list_schema(group, key, spec, found);
    });
    return std::vector<std::string>(found.begin(), found.end());
  }

  Result<BucketStatistics> statistics(BucketId id) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, id));
    BucketStatistics statistics;
    std::set<model::SeriesKey> keys;
    for (const auto& [start, group] : bucket->groups) {
      for (const auto& [key, rows] : group.series) {
        keys.insert(key);
        int64_t first = rows.begin()->first, last = rows.rbegin()->first;
        statistics.first_time_ns = std::min(statistics.first_time_ns.value_or(first), first);
        statistics.last_time_ns = std::max(statistics.last_time_ns.value_or(last), last);
      }
    }
    statistics.series = keys.size();
    statistics.values_written = bucket->values_written;
    return statistics;
  }

  Result<Cardinality> cardinality(BucketId id, size_t most) override {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, id));
    return memory::cardinality(*bucket, most);
  }

 private:
  using Buckets = std::map<BucketId, Bucket>;

  // The bucket, its expired groups dropped.
  Result<Bucket*> find(Buckets& buckets, BucketId id) const {
    auto found = buckets.find(id);
    if (found == buckets.end()) {
      return Error{Errc::not_found, "bucket " + id_to_text(id) + " does not exist"};
    }
    Bucket& bucket = found->second;
    std::erase_if(bucket.groups, [&](const auto& entry) {
      return group_expired(bucket.options, entry.first, clock_.wall_ns());
    });
    return &bucket;
  }

  Result<WriteOutcome> write_now(BucketId id, const model::PointBatch& batch) {
    auto buckets = buckets_.lock();
    WEIR_TRY(Bucket * bucket, find(*buckets, id));
    std::vector<model::SeriesKey> keys;  // nothing is written if one is malformed
    for (const model::BatchPoint& point : batch.points) {
      WEIR_TRY(model::SeriesKey key, model::parse_series_key(point.raw_series_key));
      keys.push_back(std::move(key));
    }
    WriteOutcome outcome;
    std::string field_reason, retention_reason;
    for (size_t i = 0; i < batch.points.size(); i++) {
      const model::BatchPoint& point = batch.points[i];
      std::string reason;
      if (beyond_retention(bucket->options, point.time_ns, clock_.wall_ns())) {
        retention_reason = kRetentionReason;
        outcome.dropped_points++;
      } else if (!write_point(*bucket, batch, point, keys[i], reason)) {
        if (field_reason.empty()) field_reason = reason;
        outcome.dropped_points++;
      }
    }
    if (outcome.dropped_points > 0) {
      outcome.partial = partial_write_text(field_reason.empty() ? retention_reason : field_reason,
                                           outcome.dropped_points);
    }
    return outcome;
  }

  static bool is_mapped_automatically(const Bucket& bucket, std::string_view measurement) {
    for (const auto& [start, group] : bucket.groups) {
      for (const auto& [key, rows] : group.series) {
        if (key.measurement == measurement && !key.tag(kAutomaticTag).empty()) return true;
      }
    }
    return false;
  }

  // False with the reason if the point is dropped.
  bool write_point(Bucket& bucket, const model::PointBatch& batch, const model::BatchPoint& point,
                   const model::SeriesKey& key, std::string& reason) {
    int64_t start = shard_group_start(point.time_ns, bucket.options.shard_group_duration_ns);
    ShardGroup& group = bucket.groups[start];
    Fields fields;
    for (uint32_t i = 0; i < point.fields_count; i++) {
      const model::BatchField& field = batch.fields[point.fields_begin + i];
      if (field.key == "time") continue;
      const model::FieldValue& value = field.value;
      if (value.type() == model::FieldType::string && value.as_string().size() > kStringBytesMax) {
        reason = too_long_reason(key.measurement, field.key, value.as_string().size());
        return false;
      }
      auto& types = group.types[key.measurement];
      auto [type, is_new] = types.try_emplace(std::string(field.key), value.type());
      if (type->second == value.type()) {
        fields.insert_or_assign(std::string(field.key), OwnedValue(value));
      } else if (becomes_float(value.type(), type->second) &&
                 is_mapped_automatically(bucket, key.measurement)) {
        fields.insert_or_assign(std::string(field.key), OwnedValue(as_float(value)));
      } else {
        reason = conflict_reason(key.measurement, field.key, value.type(), type->second);
        return false;
      }
    }
    if (fields.empty()) {
      reason = time_field_reason(key.measurement);
      return false;
    }
    bucket.values_written += fields.size();
    Fields& row = group.series[key][point.time_ns];
    for (auto& [name, value] : fields) row.insert_or_assign(name, std::move(value));
    return true;
  }

  static void remove_from(Rows& rows, const model::SeriesKey& key, const DeleteSpec& spec) {
    auto end = rows.upper_bound(spec.stop_ns);
    for (auto row = rows.lower_bound(spec.start_ns); row != end;) {
      std::erase_if(row->second, [&](const auto& cell) {
        return spec.predicate == nullptr || may_match(*spec.predicate, key, cell.first);
      });
      row = row->second.empty() ? rows.erase(row) : std::next(row);
    }
  }

  static void forget_unused_fields(ShardGroup& group, const std::string& measurement) {
    std::set<std::string> used;
    for (const auto& [key, rows] : group.series) {
      if (key.measurement != measurement) continue;
      for (const auto& [time, row] : rows) {
        for (const auto& [name, value] : row) used.insert(name);
      }
    }
    auto types = group.types.find(measurement);
    if (types == group.types.end()) return;
    std::erase_if(types->second, [&](const auto& entry) { return !used.contains(entry.first); });
    if (types->second.empty()) group.types.erase(types);
  }

  static void list_schema(const ShardGroup& group, const model::SeriesKey& key,
                          const SchemaSpec& spec, std::set<std::string>& found) {
    if (!series_may_match(group, key, spec.predicate)) return;
    bool wants_fields = spec.what == SchemaSpec::What::fields ||
                        (spec.what == SchemaSpec::What::tag_values && spec.tag_key == "_field");
    if (wants_fields) {
      for (const auto& [name, type] : group.types.at(key.measurement)) {
        if (spec.predicate == nullptr || may_match(*spec.predicate, key, name)) found.insert(name);
      }
    } else if (spec.what == SchemaSpec::What::measurements || spec.tag_key == "_measurement") {
      found.insert(key.measurement);
    } else if (spec.what == SchemaSpec::What::tag_keys) {
      for (const model::Tag& tag : key.tags) found.insert(tag.key);
    } else if (std::string_view value = key.tag(spec.tag_key); !value.empty()) {
      found.emplace(value);
    }
  }

  const Clock& clock_;
  Guarded<Buckets> buckets_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(const Clock& clock) {
  return std::make_unique<MemoryStore>(clock);
}

}  // namespace weir::store
