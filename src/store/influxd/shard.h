// One shard of InfluxDB: its TSM files, their tombstones and its log, read as rows.
//
// Series come in the order of their keys, a series' fields joined by time: one row a timestamp, as
// a line of line protocol has it. A wide series comes in groups of kJoinedFieldsMax fields. Memory:
// the log's values, the tombstones, and one block for each field of a group and each file that
// overlaps there. What is damaged is noted and left out; the rest is read.
//
//   WEIR_TRY(auto shard, Shard::open({data, wal}, range, note));
//   while (shard->next_group()) {
//     while (const Row* row = shard->next_row()) ...
//   }
//
// The server that wrote the files must be stopped. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/influxd/field_stream.h"
#include "store/influxd/wal.h"

namespace weir::store::influxd {

inline constexpr size_t kJoinedFieldsMax = 64;

struct ShardPaths {
  std::string data;  // directory with *.tsm; may be missing
  std::string wal;   // directory with *.wal; may be missing
};

struct RowField {
  std::string_view name;
  model::FieldValue value;
};
struct Row {
  int64_t time_ns = 0;
  std::vector<RowField> fields;
};

class Shard {
 public:
  // Errc::io if a directory cannot be listed; damage is a note.
  static Result<std::unique_ptr<Shard>> open(const ShardPaths& paths, TimeRange range, Note note);

  // Goes past every series up to and including this stored one.
  void skip_series(std::string_view stored_series);
  // The next series, or the next fields of a wide one; false at the end.
  bool next_group();
  // As stored: what skip_series() takes.
  std::string_view stored_series() const { return stored_series_; }
  // As line protocol writes it.
  std::string_view series() const { return series_; }
  // The next row of the group, valid until the next call; null at its end.
  const Row* next_row();

  size_t file_count() const { return files_.size(); }
  uint64_t size_bytes() const { return size_bytes_; }
  // How much of the files' indexes was gone through, 0 to 1: for a progress bar.
  double progress() const;

 private:
  struct File {
    std::unique_ptr<TsmFile> tsm;
    Tombstones tombstones;
    std::unique_ptr<TsmFile::Keys> keys;
    bool at_end = false;
  };
  Shard(TimeRange range, Note note) : range_(range), note_(std::move(note)) {}
  Result<void> open_files(const std::string& directory);
  Result<void> replay_log(const std::string& directory);
  void advance(File& file);
  // The smallest key that is left, or nothing.
  std::optional<std::string_view> front_key() const;
  // Leaves the key's blocks behind; adds them to `stream` if there is one.
  void take_key(std::string_view key, FieldStream* stream);

  TimeRange range_;
  Note note_;
  std::vector<File> files_;  // oldest first
  WalValues log_;
  WalValues::Columns::const_iterator log_at_;
  uint64_t size_bytes_ = 0;
  std::string stored_series_, series_;
  std::deque<FieldStream> streams_;
  std::vector<FieldStream*> live_;  // those with a value left
  Row row_;
  bool row_is_out_ = false;
};

}  // namespace weir::store::influxd
