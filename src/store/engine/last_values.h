// LastValues: the newest value of each field of a bucket's series, as far as it is in chunks, so
// that who asks for it reads no chunk. What is not in chunks yet, the head has.
//
//   slots   by series: which fields it has (a layout, shared) and where its cells are
//   cells   a time and 64 bits for each of them; of a text the time alone
//
// That is 8 bytes a series and 16 a field. A series is known or not. What is sealed keeps a known
// one so; deletes and retention make one unknown that they take the newest value of, and after a
// start all are. Then a scan that needs it reads its chunks and says what it found: learn(), which
// takes nothing that was sealed or deleted over since begin_learning().
// Threads: any, under the head's mutex.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <span>
#include <vector>

#include "store/engine/log_records.h"
#include "store/engine/segmented_vector.h"

namespace weir::store {

class LastValues {
 public:
  // A series with more fields is not kept, for the sake of the layouts.
  static constexpr size_t kFieldsMax = 256;
  // Nor is one with a set of fields of its own beyond so many: these take 16 MiB at most.
  static constexpr size_t kLayoutsMax = 16'384;

  struct Cell {
    LayoutField field;
    int64_t time_ns = 0;
    uint64_t bits = 0;  // nothing, if it is a text
  };

  LastValues();

  // The bucket has so many series of which nothing is known; those that come are without chunks.
  void forget_all(size_t series);
  void forget(SeriesId id);
  // If a value in [first, last] may be the newest of a field.
  void forget_within(SeriesId id, int64_t first_ns, int64_t last_ns);

  bool knows(SeriesId id) const { return is_layout(slot_of(id).layout); }
  // Appends the cells of a known series.
  void read(SeriesId id, std::vector<Cell>& cells) const;

  // What learn() takes; 0 if the series will not be known.
  uint32_t begin_learning(SeriesId id);
  void learn(SeriesId id, uint32_t ticket, std::span<const Cell> cells);

  // The newest values of rows that became chunks, which are newer, in the log, than all chunks of
  // the series.
  void add_sealed(SeriesId id, std::span<const Cell> cells);

 private:
  struct Slot {
    uint32_t layout = 0;  // or a state, below
    uint32_t at = 0;      // of the first cell; the ticket while it is learned
  };
  struct Value {
    int64_t time_ns;
    uint64_t bits;
  };
  static constexpr uint32_t kUnknown = UINT32_MAX, kLearning = UINT32_MAX - 1,
                            kNever = UINT32_MAX - 2;

  static bool is_layout(uint32_t layout) { return layout < kNever; }
  Slot first_slot(SeriesId id) const { return {id < unknown_below_ ? kUnknown : 0, 0}; }
  Slot slot_of(SeriesId id) const { return id < slots_.size() ? slots_[id] : first_slot(id); }
  Slot& slot(SeriesId id);
  void put(Slot& slot, std::span<const Cell> cells);
  // The place of a field in a layout, or the layout's size.
  size_t place_of(uint32_t layout, LayoutField field, size_t guess) const;
  // The layout with one more field; kNever if there cannot be one.
  uint32_t with_field(uint32_t layout, LayoutField field);
  uint32_t take_cells(size_t count);
  void release(Slot& slot);

  size_t unknown_below_ = 0;
  uint32_t next_ticket_ = 1;
  SegmentedVector<Slot> slots_;  // by series, as far as there was something to say
  SegmentedVector<Value> cells_;
  std::vector<std::vector<uint32_t>> free_;  // cells of layouts that are given up, by their count
  std::vector<Layout> layouts_;              // the first has no fields
  absl::flat_hash_map<uint64_t, uint32_t> wider_;  // by layout and the field that it gets
};

}  // namespace weir::store
