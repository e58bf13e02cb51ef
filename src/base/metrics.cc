#include "base/metrics.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/sync.h"

namespace weir::metrics {
namespace {

Guarded<std::vector<Metric*>>& registry() {
  static Guarded<std::vector<Metric*>> instance;
  return instance;
}

void enlist(Metric* metric) { registry().lock()->push_back(metric); }
void delist(Metric* metric) { std::erase(*registry().lock(), metric); }

// Each thread adds to a shard of its own as far as there are shards.
size_t shard_of_this_thread() {
  static std::atomic<size_t> next = 0;
  thread_local size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void append_line(std::string& out, std::string_view name, std::string_view labels, double value) {
  if (labels.empty()) {
    out += fmt::format("{} {}\n", name, value);
  } else {
    out += fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
}

}  // namespace

Metric::Metric(std::string_view name, std::string_view help, std::string_view type,
               std::string_view labels)
    : name_(name), help_(help), type_(type), labels_(labels) {}
Metric::~Metric() = default;

Counter::Counter(std::string_view name, std::string_view help, std::string_view labels)
    : Metric(name, help, "counter", labels) {
  enlist(this);
}
Counter::~Counter() { delist(this); }
void Counter::add(uint64_t amount) {
  shards_[shard_of_this_thread() % kShards].value.fetch_add(amount, std::memory_order_relaxed);
}
uint64_t Counter::value() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}
void Counter::append_samples(std::string& out) const {
  out += labels().empty() ? fmt::format("{} {}\n", name(), value())
                          : fmt::format("{}{{{}}} {}\n", name(), labels(), value());
}

Gauge::Gauge(std::string_view name, std::string_view help, std::string_view labels)
    : Metric(name, help, "gauge", labels) {
  enlist(this);
}
Gauge::~Gauge() { delist(this); }
void Gauge::add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
void Gauge::append_samples(std::string& out) const { append_line(out, name(), labels(), value()); }

CallbackGauge::CallbackGauge(std::string_view name, std::string_view help,
                             std::function<double()> read, std::string_view labels)
    : Metric(name, help, "gauge", labels), read_(std::move(read)) {
  enlist(this);
}
CallbackGauge::~CallbackGauge() { delist(this); }
void CallbackGauge::append_samples(std::string& out) const {
  append_line(out, name(), labels(), read_());
}

Histogram::Histogram(std::string_view name, std::string_view help, std::vector<double> upper_bounds,
                     std::string_view labels)
    : Metric(name, help, "histogram", labels),
      upper_bounds_(std::move(upper_bounds)),
      counts_(upper_bounds_.size() + 1) {
  enlist(this);
}
Histogram::~Histogram() { delist(this); }
void Histogram::observe(double value) {
  auto bound = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value);
  counts_[static_cast<size_t>(bound - upper_bounds_.begin())].fetch_add(1,
                                                                        std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}
void Histogram::append_samples(std::string& out) const {
  std::string separator = labels().empty() ? "" : ",";
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts_.size(); i++) {
    cumulative += counts_[i].load(std::memory_order_relaxed);
    std::string bound =
        i < upper_bounds_.size() ? fmt::format("{}", upper_bounds_[i]) : std::string("+Inf");
    out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name(), labels(), separator, bound,
                       cumulative);
  }
  std::string braced = labels().empty() ? "" : "{" + labels() + "}";
  out += fmt::format("{}_sum{} {}\n", name(), braced, sum_.load(std::memory_order_relaxed));
  out += fmt::format("{}_count{} {}\n", name(), braced, cumulative);
}

double sum_of(std::string_view name) {
  double sum = 0;
  auto metrics = registry().lock();
  for (const Metric* metric : *metrics) {
    if (metric->name() == name) sum += metric->current();
  }
  return sum;
}

std::string exposition_text() {
  auto metrics = registry().lock();
  std::map<std::string_view, std::vector<const Metric*>> by_name;
  for (const Metric* metric : *metrics) by_name[metric->name()].push_back(metric);
  std::string out;
  for (const auto& [name, group] : by_name) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, group.front()->help(), name,
                       group.front()->type());
    for (const Metric* metric : group) metric->append_samples(out);
  }
  return out;
}

}  // namespace weir::metrics
