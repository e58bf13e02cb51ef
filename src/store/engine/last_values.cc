#include "store/engine/last_values.h"

#include <limits>

namespace weir::store {

LastValues::LastValues() : free_(kFieldsMax + 1), layouts_(1) {}

void LastValues::forget_all(size_t series) {
  slots_ = {};
  cells_ = {};
  free_.assign(kFieldsMax + 1, {});
  unknown_below_ = series;
}

LastValues::Slot& LastValues::slot(SeriesId id) {
  while (slots_.size() <= id) slots_.push_back(first_slot(static_cast<SeriesId>(slots_.size())));
  return slots_.at(id);
}

void LastValues::forget(SeriesId id) {
  Slot& slot = this->slot(id);
  if (slot.layout == kNever) return;
  release(slot);
  slot = {kUnknown, 0};
}

void LastValues::forget_within(SeriesId id, int64_t first_ns, int64_t last_ns) {
  const Slot slot = slot_of(id);
  if (slot.layout == kLearning) return forget(id);
  if (!is_layout(slot.layout)) return;
  for (size_t i = 0; i < layouts_[slot.layout].size(); i++) {
    int64_t time_ns = cells_[slot.at + i].time_ns;
    if (time_ns >= first_ns && time_ns <= last_ns) return forget(id);
  }
}

void LastValues::read(SeriesId id, std::vector<Cell>& cells) const {
  const Slot slot = slot_of(id);
  const Layout& layout = layouts_[slot.layout];
  for (size_t i = 0; i < layout.size(); i++) {
    const Value& value = cells_[slot.at + i];
    cells.push_back({layout[i], value.time_ns, value.bits});
  }
}

uint32_t LastValues::begin_learning(SeriesId id) {
  Slot& slot = this->slot(id);
  if (slot.layout == kNever) return 0;
  slot = {kLearning, next_ticket_};
  next_ticket_ = next_ticket_ == UINT32_MAX ? 1 : next_ticket_ + 1;
  return slot.at;
}

void LastValues::learn(SeriesId id, uint32_t ticket, std::span<const Cell> cells) {
  Slot& slot = this->slot(id);
  if (slot.layout != kLearning || slot.at != ticket) return;
  slot = {0, 0};
  put(slot, cells);
}

void LastValues::add_sealed(SeriesId id, std::span<const Cell> cells) {
  Slot& slot = this->slot(id);
  if (slot.layout == kLearning) slot = {kUnknown, 0};
  if (is_layout(slot.layout)) put(slot, cells);
}

void LastValues::put(Slot& slot, std::span<const Cell> cells) {
  uint32_t layout = slot.layout;
  for (size_t i = 0; i < cells.size() && layout != kNever; i++) {
    bool has = place_of(layout, cells[i].field, i) < layouts_[layout].size();
    if (!has) layout = with_field(layout, cells[i].field);
  }
  if (layout == kNever) {
    release(slot);
    slot = {kNever, 0};
    return;
  }
  if (layout != slot.layout) {
    uint32_t at = take_cells(layouts_[layout].size());
    size_t kept = layouts_[slot.layout].size();
    for (size_t i = 0; i < layouts_[layout].size(); i++) {
      cells_.at(at + i) =
          i < kept ? cells_[slot.at + i] : Value{std::numeric_limits<int64_t>::min(), 0};
    }
    release(slot);
    slot = {layout, at};
  }
  for (size_t i = 0; i < cells.size(); i++) {
    Value& value = cells_.at(slot.at + place_of(layout, cells[i].field, i));
    // At the same time too: it is newer in the log.
    if (cells[i].time_ns >= value.time_ns) value = {cells[i].time_ns, cells[i].bits};
  }
}

size_t LastValues::place_of(uint32_t layout, LayoutField field, size_t guess) const {
  const Layout& fields = layouts_[layout];
  if (guess < fields.size() && fields[guess] == field) return guess;
  size_t place = 0;
  while (place < fields.size() && !(fields[place] == field)) place++;
  return place;
}

uint32_t LastValues::with_field(uint32_t layout, LayoutField field) {
  uint64_t key = uint64_t(layout) << 32 | uint64_t(field.field) << 8 | uint64_t(field.type);
  auto found = wider_.find(key);
  if (found != wider_.end()) return found->second;
  if (layouts_[layout].size() == kFieldsMax || layouts_.size() == kLayoutsMax) return kNever;
  Layout fields = layouts_[layout];
  fields.push_back(field);
  auto added = static_cast<uint32_t>(layouts_.size());
  layouts_.push_back(std::move(fields));
  wider_.emplace(key, added);
  return added;
}

uint32_t LastValues::take_cells(size_t count) {
  std::vector<uint32_t>& free = free_[count];
  if (!free.empty()) {
    uint32_t at = free.back();
    free.pop_back();
    return at;
  }
  auto at = static_cast<uint32_t>(cells_.size());
  for (size_t i = 0; i < count; i++) cells_.push_back({});
  return at;
}

void LastValues::release(Slot& slot) {
  if (!is_layout(slot.layout)) return;
  size_t count = layouts_[slot.layout].size();
  if (count > 0) free_[count].push_back(slot.at);
}

}  // namespace weir::store
