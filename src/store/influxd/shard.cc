#include "store/influxd/shard.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/file.h"
#include "store/influxd/composite_key.h"

namespace weir::store::influxd {
namespace {

// The names in a directory that end so, sorted; none if the directory is missing.
Result<std::vector<std::string>> names_ending(const std::string& directory,
                                              std::string_view suffix) {
  if (directory.empty() || !system_file_system().exists(directory)) {
    return std::vector<std::string>();
  }
  WEIR_TRY(std::vector<std::string> names, system_file_system().list(directory));
  std::erase_if(names, [&](const std::string& name) { return !name.ends_with(suffix); });
  return names;
}

}  // namespace

Result<std::unique_ptr<Shard>> Shard::open(const ShardPaths& paths, TimeRange range, Note note) {
  std::unique_ptr<Shard> shard(new Shard(range, std::move(note)));
  WEIR_CHECK(shard->open_files(paths.data));
  WEIR_CHECK(shard->replay_log(paths.wal));
  return shard;
}

Result<void> Shard::open_files(const std::string& directory) {
  constexpr std::string_view kSuffix = ".tsm";
  // Names are GENERATION-SEQUENCE.tsm, padded with zeros: sorted by name is sorted by age.
  WEIR_TRY(const std::vector<std::string> names, names_ending(directory, kSuffix));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    File file;
    auto opened = TsmFile::open(path);
    if (!opened.ok()) {
      note_(opened.error().message);
      continue;
    }
    file.tsm = std::move(opened).value();
    size_bytes_ += file.tsm->size_bytes();
    const std::string tombstone_path = path.substr(0, path.size() - kSuffix.size()) + ".tombstone";
    if (system_file_system().exists(tombstone_path)) {
      WEIR_TRY(const std::string bytes, system_file_system().read(tombstone_path));
      // Without them what was deleted would come back: that is no note but an end.
      WEIR_TRY(file.tombstones, Tombstones::parse(bytes, tombstone_path));
    }
    file.keys = std::make_unique<TsmFile::Keys>(*file.tsm);
    advance(file);
    files_.push_back(std::move(file));
  }
  return {};
}

Result<void> Shard::replay_log(const std::string& directory) {
  WEIR_TRY(const std::vector<std::string> names, names_ending(directory, ".wal"));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    WEIR_TRY(const auto segment, MappedFile::open(path));
    size_bytes_ += segment->bytes().size();
    auto torn = log_.replay(segment->bytes(), path);
    if (!torn.ok()) note_(torn.error().message);
  }
  log_.finish();
  log_at_ = log_.columns().begin();
  return {};
}

void Shard::advance(File& file) {
  auto next = file.keys->next();
  if (!next.ok()) note_(next.error().message);
  file.at_end = !next.ok() || !*next;
}

std::optional<std::string_view> Shard::front_key() const {
  std::optional<std::string_view> front;
  for (const File& file : files_) {
    if (!file.at_end && (!front || file.keys->key().key < *front)) front = file.keys->key().key;
  }
  if (log_at_ != log_.columns().end() && (!front || log_at_->first < *front)) {
    front = log_at_->first;
  }
  return front;
}

void Shard::take_key(std::string_view key, FieldStream* stream) {
  for (File& file : files_) {
    if (file.at_end || file.keys->key().key != key) continue;
    if (stream != nullptr) {
      stream->add_blocks(*file.tsm, file.keys->key(), file.tombstones.ranges(key));
    }
    advance(file);
  }
  if (log_at_ == log_.columns().end() || log_at_->first != key) return;
  if (stream != nullptr) stream->add_column(log_at_->second);
  ++log_at_;
}

void Shard::skip_series(std::string_view stored_series) {
  const std::string last = std::string(stored_series) + "#!~#";
  while (auto key = front_key()) {
    if (*key > last && !key->starts_with(last)) return;
    take_key(std::string(*key), nullptr);
  }
}

bool Shard::next_group() {
  live_.clear();
  while (live_.empty()) {
    streams_.clear();
    stored_series_.clear();
    while (auto front = front_key()) {
      const std::string key(*front);
      const auto parts = split_key(key);
      if (!parts) {
        note_(fmt::format("key {}: has no field", key));
        take_key(key, nullptr);
        continue;
      }
      if (streams_.empty()) stored_series_ = parts->series;
      if (parts->series != stored_series_ || streams_.size() == kJoinedFieldsMax) break;
      streams_.emplace_back(std::string(parts->field), range_, note_);
      take_key(key, &streams_.back());
    }
    if (streams_.empty()) return false;
    for (FieldStream& stream : streams_) {
      if (stream.next()) live_.push_back(&stream);
    }
  }
  series_ = line_series(stored_series_);
  row_is_out_ = false;
  return true;
}

const Row* Shard::next_row() {
  if (row_is_out_) {
    std::erase_if(live_, [this](FieldStream* stream) {
      return stream->time_ns() == row_.time_ns && !stream->next();
    });
  }
  row_is_out_ = true;
  row_.fields.clear();
  if (live_.empty()) return nullptr;
  row_.time_ns = (*std::min_element(live_.begin(), live_.end(), [](auto* a, auto* b) {
                   return a->time_ns() < b->time_ns();
                 }))->time_ns();
  for (FieldStream* stream : live_) {
    if (stream->time_ns() == row_.time_ns) {
      row_.fields.push_back({stream->field(), stream->value()});
    }
  }
  return &row_;
}

double Shard::progress() const {
  if (files_.empty()) return 1;
  double sum = 0;
  for (const File& file : files_) sum += file.at_end ? 1 : file.keys->progress();
  return sum / static_cast<double>(files_.size());
}

}  // namespace weir::store::influxd
