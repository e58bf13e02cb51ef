// Counters, gauges and histograms, and their text form for GET /metrics.
//
// A metric is a namespace-scope or member object that registers itself for its lifetime:
//
//   inline metrics::Counter messages_in{"weir_mqtt_messages_received_total",
//                                       "PUBLISH packets received"};
//   messages_in.add(1);
//
// Counters are sharded over cache lines, so adding from several threads never contends. The text
// form is the Prometheus exposition format 0.0.4; names follow its conventions (base units,
// _total, _seconds, _bytes). A label set is given as text: R"(reason="bad payload")".
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::metrics {

class Metric {
 public:
  Metric(std::string_view name, std::string_view help, std::string_view type,
         std::string_view labels);
  virtual ~Metric();
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }
  const std::string& type() const { return type_; }
  const std::string& labels() const { return labels_; }
  // Appends this metric's sample lines.
  virtual void append_samples(std::string& out) const = 0;
  // What sum_of() adds up; 0 for a histogram.
  virtual double current() const { return 0; }

 private:
  std::string name_, help_, type_, labels_;
};

class Counter final : public Metric {
 public:
  Counter(std::string_view name, std::string_view help, std::string_view labels = {});
  ~Counter() override;
  void add(uint64_t amount);
  uint64_t value() const;
  void append_samples(std::string& out) const override;
  double current() const override { return static_cast<double>(value()); }

 private:
  static constexpr size_t kShards = 8;
  struct alignas(64) Shard {
    std::atomic<uint64_t> value = 0;
  };
  std::array<Shard, kShards> shards_;
};

class Gauge final : public Metric {
 public:
  Gauge(std::string_view name, std::string_view help, std::string_view labels = {});
  ~Gauge() override;
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount);
  double value() const { return value_.load(std::memory_order_relaxed); }
  void append_samples(std::string& out) const override;
  double current() const override { return value(); }

 private:
  std::atomic<double> value_ = 0;
};

// A gauge whose value is asked for when the metrics are read. `read` may run on any thread.
class CallbackGauge final : public Metric {
 public:
  CallbackGauge(std::string_view name, std::string_view help, std::function<double()> read,
                std::string_view labels = {});
  ~CallbackGauge() override;
  void append_samples(std::string& out) const override;
  double current() const override { return read_(); }

 private:
  std::function<double()> read_;
};

class Histogram final : public Metric {
 public:
  // upper_bounds ascend; +Inf is added.
  Histogram(std::string_view name, std::string_view help, std::vector<double> upper_bounds,
            std::string_view labels = {});
  ~Histogram() override;
  void observe(double value);
  void append_samples(std::string& out) const override;

 private:
  std::vector<double> upper_bounds_;
  std::vector<std::atomic<uint64_t>> counts_;  // one per bound, then +Inf
  std::atomic<double> sum_ = 0;
};

// The sum of all counters and gauges of that name over their labels; 0 when there is none.
double sum_of(std::string_view name);

// Every registered metric in exposition format, grouped by name, names in order.
std::string exposition_text();

}  // namespace weir::metrics
