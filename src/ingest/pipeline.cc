#include "ingest/pipeline.h"

#include <fmt/format.h>

#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "ingest/ingest_log.h"
#include "ingest/topic_cache.h"
#include "model/series_key.h"

namespace weir::ingest {
namespace {

// What completions need, alive until the last of them.
struct Shared {
  IngestLog log;
  std::atomic<size_t> outstanding_points = 0;
  // Hashes of the series that automatic mapping has made.
  Guarded<absl::flat_hash_set<uint64_t>> automatic_series;
};

// The points of one accept() for one bucket.
struct Target {
  BucketId bucket{};
  model::PointBatch batch;
};

// One accept() on its way through the store: `stored` runs after the last write.
class Delivery {
 public:
  Delivery(std::shared_ptr<Shared> shared, std::shared_ptr<TopicCache> topics,
           std::span<const mqtt::MessagePtr> messages, mqtt::PublishSink::Stored stored,
           size_t writes)
      : shared_(std::move(shared)),
        topics_(std::move(topics)),
        messages_(messages.begin(), messages.end()),
        stored_(std::move(stored)),
        writes_left_(writes) {}

  void finish(size_t points, const Result<store::WriteOutcome>& outcome) {
    shared_->outstanding_points -= points;
    if (outcome.ok()) {
      shared_->log.count_written(points - std::min(points, outcome->dropped_points));
      if (!outcome->refused_series.empty()) bury_over_limit(outcome->refused_series);
      if (outcome->dropped_points > outcome->refused_series.size()) bury_refused(outcome->partial);
    } else if (outcome.error().code == Errc::not_found) {
      // The bucket went away: sending again would not bring it back.
      for (const auto& message : messages_) bury(*message, Reason::bucket, outcome.error().message);
    } else {
      *failure_.lock() = outcome.error();
    }
    if (writes_left_.fetch_sub(1) > 1) return;
    std::optional<Error> failure = *failure_.lock();
    if (failure) {
      for (const auto& message : messages_) bury(*message, Reason::store, failure->message);
      return stored_(std::move(*failure));
    }
    stored_({});
  }

 private:
  void bury(const mqtt::Message& message, Reason reason, std::string_view text) {
    const auto entry = topics_->find(message.topic);
    shared_->log.bury(message, entry->mapping->title, reason, text);
  }

  // The bucket has as many series as it may.
  void bury_over_limit(const std::vector<std::string>& series) {
    const absl::flat_hash_set<std::string_view> refused(series.begin(), series.end());
    constexpr const char* kText =
        "the bucket has store.max_series_per_bucket series and takes no further ones: delete some, "
        "or raise the limit; the page Buckets shows what they are made of";
    bury_some(Reason::series_limit, kText, [&](const model::PointBatch& batch) {
      return std::any_of(batch.points.begin(), batch.points.end(),
                         [&](const auto& point) { return refused.contains(point.raw_series_key); });
    });
  }

  // The store's words name a field and a measurement. Mapping the messages again, which is rare,
  // tells whose they were.
  void bury_refused(const std::string& partial) {
    bury_some(Reason::conflict, partial,
              [&](const model::PointBatch& batch) { return is_named(partial, batch); });
  }

  // Messages whose points `chosen` accepts; if it is none of them, the first.
  template <class Chosen>
  void bury_some(Reason reason, const std::string& text, Chosen chosen) {
    size_t found = 0;
    for (const auto& message : messages_) {
      const auto entry = topics_->find(message->topic);
      model::PointBatch batch;
      const MessageView view{message->topic, message->payload, message->received_ns};
      (void)map_message(*entry->mapping, view, batch);
      if (!chosen(batch)) continue;
      found++;
      shared_->log.bury(*message, entry->mapping->title, reason, text);
    }
    if (found == 0) bury(*messages_.front(), reason, text);
  }

  static bool is_named(const std::string& partial, const model::PointBatch& batch) {
    for (const model::BatchPoint& point : batch.points) {
      const auto key = model::parse_series_key(point.raw_series_key);
      if (!key.ok()) continue;
      for (uint32_t i = 0; i < point.fields_count; i++) {
        const auto name = batch.fields[point.fields_begin + i].key;
        const std::string words =
            fmt::format("input field \"{}\" on measurement \"{}\"", name, key->measurement);
        if (partial.find(words) != std::string::npos) return true;
      }
    }
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<TopicCache> topics_;
  std::vector<mqtt::MessagePtr> messages_;
  mqtt::PublishSink::Stored stored_;
  std::atomic<size_t> writes_left_;
  Guarded<std::optional<Error>> failure_;
};

class StorePipeline final : public Pipeline {
 public:
  StorePipeline(store::Store& store, std::shared_ptr<const RuleSet> rules,
                ResolveBucket resolve_bucket)
      : store_(store),
        resolve_bucket_(std::move(resolve_bucket)),
        shared_(std::make_shared<Shared>()),
        topics_(std::make_shared<TopicCache>(std::move(rules))) {}

  void accept(std::span<const mqtt::MessagePtr> messages, Stored stored) override {
    const std::shared_ptr<TopicCache> topics = *topics_.lock();
    std::vector<Target> targets;
    BucketNames names;
    std::shared_ptr<TopicCache::Entry> entry;
    const std::string* topic = nullptr;  // the entry's
    for (const mqtt::MessagePtr& message : messages) {
      if (topic == nullptr || *topic != message->topic) entry = topics->find(message->topic);
      topic = &message->topic;
      map(*message, *entry, *topics, names, targets);
    }
    std::erase_if(targets, [](const Target& target) { return target.batch.empty(); });
    if (targets.empty()) return stored({});
    auto delivery =
        std::make_shared<Delivery>(shared_, topics, messages, std::move(stored), targets.size());
    for (Target& target : targets) {
      const size_t points = target.batch.points.size();
      shared_->outstanding_points += points;
      store_.write(target.bucket, std::move(target.batch),
                   [delivery, points](Result<store::WriteOutcome> outcome) {
                     delivery->finish(points, outcome);
                   });
    }
  }

  bool congested() const override {
    return shared_->outstanding_points > kOutstandingPointsMax || store_.congested();
  }

  void set_rules(std::shared_ptr<const RuleSet> rules) override {
    auto fresh = std::make_shared<TopicCache>(std::move(rules));
    *topics_.lock() = std::move(fresh);
  }
  std::shared_ptr<const RuleSet> rules() const override { return (*topics_.lock())->rules(); }
  std::vector<DeadLetter> dead_letters(size_t most) const override {
    return shared_->log.newest(most);
  }
  Counts counts() const override { return shared_->log.counts(); }

 private:
  // Names resolved during one accept(): a bucket's name is looked up once for all messages.
  using BucketNames = std::vector<std::pair<std::string, std::optional<BucketId>>>;

  std::optional<BucketId> resolve(const std::string& name, BucketNames& names) const {
    for (const auto& [known, bucket] : names) {
      if (known == name) return bucket;
    }
    return names.emplace_back(name, resolve_bucket_(name)).second;
  }

  void map(const mqtt::Message& message, TopicCache::Entry& entry, TopicCache& topics,
           BucketNames& names, std::vector<Target>& targets) {
    const TopicMapping& mapping = *entry.mapping;
    if (!mapping.ignored_because.empty()) return shared_->log.count_ignored();
    const auto bucket = resolve(mapping.bucket, names);
    if (!bucket) {
      return shared_->log.bury(message, mapping.title, Reason::bucket,
                               mapping.bucket.empty()
                                   ? "there is no bucket to store into: finish the set-up"
                                   : fmt::format("bucket \"{}\" not found", mapping.bucket));
    }
    auto target = std::find_if(targets.begin(), targets.end(),
                               [&](const Target& t) { return t.bucket == *bucket; });
    if (target == targets.end()) target = targets.insert(targets.end(), Target{*bucket, {}});
    model::PointBatch& batch = target->batch;
    const MessageView view{message.topic, message.payload, message.received_ns,
                           entry.arrivals.next_ns(message.received_ns), message.replayed};
    const MapOutcome outcome = map_message(mapping, view, batch);
    if (outcome.reason == Reason::ignored) return shared_->log.count_ignored();
    if (outcome.reason != Reason::none) {
      return shared_->log.bury(message, mapping.title, outcome.reason, outcome.text);
    }
    if (mapping.is_automatic() && !admit_series(entry, batch, topics)) {
      batch.fields.erase(batch.fields.begin() + batch.points.back().fields_begin,
                         batch.fields.end());
      batch.points.pop_back();
      return shared_->log.bury(message, mapping.title, Reason::series_limit,
                               "automatic mapping has made auto.max_series series: add a rule, "
                               "or raise the limit");
    }
    shared_->log.count_mapped();
    if (!outcome.dropped_fields.empty()) {
      shared_->log.bury(message, mapping.title, Reason::bad_type, outcome.dropped_fields);
    }
  }

  // Whether the series of the automatic point just added may exist.
  bool admit_series(TopicCache::Entry& entry, const model::PointBatch& batch,
                    const TopicCache& topics) {
    const std::string_view key = batch.points.back().raw_series_key;
    std::atomic<bool>& admitted =
        key == entry.mapping->series_key ? entry.series_admitted : entry.scalar_admitted;
    if (admitted.load(std::memory_order_relaxed)) return true;
    const uint64_t hash = std::hash<std::string_view>()(key);
    auto series = shared_->automatic_series.lock();
    if (!series->contains(hash)) {
      if (series->size() >= topics.rules()->automatic().series_max) return false;
      series->insert(hash);
    }
    admitted.store(true, std::memory_order_relaxed);
    return true;
  }

  store::Store& store_;
  ResolveBucket resolve_bucket_;
  std::shared_ptr<Shared> shared_;
  Guarded<std::shared_ptr<TopicCache>> topics_;
};

}  // namespace

std::unique_ptr<Pipeline> Pipeline::make(store::Store& store, const Clock&,
                                         std::shared_ptr<const RuleSet> rules,
                                         ResolveBucket resolve_bucket) {
  return std::make_unique<StorePipeline>(store, std::move(rules), std::move(resolve_bucket));
}

}  // namespace weir::ingest
