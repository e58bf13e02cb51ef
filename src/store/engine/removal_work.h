// One delete being carried out on the chunks of its bucket, a slice at a time.
//
// Until it is done the delete is one of Head::removals(), which hides from scans what the chunks
// still hold. A slice is bounded in bytes, reads forward through the keys and never looks at a
// chunk twice; chunks written after the delete are left alone. What a slice has written stands by
// itself: the log's record brings the rest back after a stop. A chunk that does not read is left
// as it is: nobody can read the deleted values in it either.
// Used with the engine's maintenance mutex held, from any thread; nothing else writes chunks then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/engine/bucket.h"
#include "store/engine/chunk_reader.h"
#include "store/engine/chunk_store.h"
#include "store/engine/log.h"
#include "store/engine/removal_filter.h"

namespace weir::store {

class RemovalWork {
 public:
  RemovalWork(Bucket& bucket, ChunkStore& chunks, Removal removal);

  uint64_t lsn() const { return removal_.lsn; }
  // Does about `bytes` of chunks; true when all is done. After an error the same slice is tried
  // again by the next call. `log` may be null while nothing can be written.
  Result<bool> step(uint64_t bytes, Log* log);
  // These rows of the head become chunks, perhaps behind what has been looked at.
  void note_sealed(const FrozenAt& at, const std::vector<Piece>& pieces);
  // Of chunks that went, by the start of their group.
  const std::vector<std::pair<int64_t, uint64_t>>& freed() const { return freed_; }

 private:
  struct Group {
    int64_t start_ns = 0;
    Roaring series;                           // with data there, and perhaps touched
    std::vector<MeasurementId> measurements;  // of which a series has a field to remove
  };
  // What a slice is going to write.
  struct Slice {
    std::vector<EncodedChunk> puts;
    std::vector<std::string> deleted;
    std::vector<ChunkKeyRange> ranges;
    std::vector<std::string> run;  // deleted keys that follow each other
    std::vector<SeriesId> emptied;
    uint64_t bytes = 0, freed = 0;
  };

  void find_measurements(Group& group) const;
  Result<void> chunks_slice(Group& group, uint64_t bytes);
  // Whether the series keeps a chunk.
  Result<bool> clean_series(const Group& group, SeriesId series, const std::string& prefix,
                            ChunkIterator& chunks, Slice& slice) const;
  bool clean_chunk(std::string_view key, std::string_view value,
                   const std::optional<RemovalFilter>& filter, bool takes_all, Slice& slice) const;
  // Adds what is left of the chunk to the slice; false if nothing of it is removed.
  Result<bool> rewrite(const ChunkKey& key, const ChunkReader& chunk,
                       const std::optional<RemovalFilter>& filter, Slice& slice) const;
  void finish_group();
  static void end_run(Slice& slice);
  void forget_emptied(const Group& group, const std::vector<SeriesId>& emptied);

  Result<void> fields_slice(Group& group, uint64_t bytes, Log* log);
  void begin_fields(const Group& group);
  Roaring leave_out_head_fields(const Group& group);
  void forget_types(const Group& group, Log* log);

  Bucket& bucket_;
  ChunkStore& chunks_;
  const Removal removal_;
  bool is_exact_ = true;  // every field of the series goes
  std::vector<Group> groups_;
  size_t group_ = 0;
  SeriesId next_series_ = 0;
  bool series_done_ = false;  // of the group
  // Of a group's measurement whose fields are looked for.
  size_t measurement_ = 0;
  bool looks_for_fields_ = false;
  std::vector<FieldId> unseen_;
  Roaring measurement_series_;
  uint64_t freed_bytes_ = 0;  // in the group
  std::vector<std::pair<int64_t, uint64_t>> freed_;
};

}  // namespace weir::store
