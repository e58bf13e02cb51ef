#include "ingest/point_maker.h"

#include <fmt/format.h>

#include <algorithm>

#include "ingest/arrival.h"

namespace weir::ingest {
namespace {

constexpr size_t kDroppedTextBytesMax = 200;

// "update.*" covers update.x and update[0]; "a.b" covers itself and what is below it.
bool covers(std::string_view pattern, std::string_view key) {
  const bool below_only = pattern.ends_with(".*");
  if (below_only) pattern.remove_suffix(2);
  if (!key.starts_with(pattern)) return false;
  if (key.size() == pattern.size()) return !below_only;
  return key[pattern.size()] == '.' || key[pattern.size()] == '[';
}

}  // namespace

int64_t PointMaker::arrival_ns() const {
  return message_.arrival_ns != 0 ? message_.arrival_ns : arrival_ms_in_ns(message_.received_ns);
}

void PointMaker::begin(std::string_view series_key, int64_t time_ns) {
  batch_.add_point(batch_.copy(series_key), time_ns);
}

bool PointMaker::is_dropped(std::string_view key) const {
  if (mapping_.rule == nullptr) return false;
  const auto& drop = mapping_.rule->drop;
  return std::any_of(drop.begin(), drop.end(),
                     [key](const std::string& pattern) { return covers(pattern, key); });
}

void PointMaker::warn(std::string text) {
  if (notes_ != nullptr) notes_->warnings.push_back(std::move(text));
}

void PointMaker::add(std::string_view path, std::string_view key, const Leaf& leaf) {
  if (leaf.kind == Leaf::Kind::null) return;
  key = cleaned(key, key_scratch_);
  if (key.empty()) return warn("a member without a name is left out");
  if (key == "time") return warn("a field cannot be called time; name it with fields = { ... }");
  if (batch_.points.back().fields_count >= kFieldsPerPointMax) {
    too_many_fields_ = true;
    return;
  }
  const FieldConversion* conversion = nullptr;
  if (mapping_.rule != nullptr) {
    for (const FieldConversion& candidate : mapping_.rule->types) {
      if (candidate.key == key) conversion = &candidate;
    }
  }
  auto value = convert(leaf, conversion, scratch_);
  if (!value) {
    if (!dropped_fields_.empty()) dropped_fields_ += "; ";
    dropped_fields_ += fmt::format("field {}: `{}` cannot be {}", key,
                                   leaf_text(leaf).substr(0, kDroppedTextBytesMax),
                                   model::to_string(conversion->type));
    return;
  }
  if (value->type() == model::FieldType::string) {
    const std::string_view text = value->as_string();
    if (mapping_.is_automatic() && text.size() > kAutomaticStringBytesMax) {
      return warn(fmt::format("{}: texts over {} bytes are not stored automatically", key,
                              kAutomaticStringBytesMax));
    }
    value = model::FieldValue::of_string(batch_.copy(text));
  }
  if (notes_ != nullptr) {
    notes_->fields.push_back({std::string(path), std::string(key),
                              std::string(model::to_string(value->type())), "payload"});
  }
  batch_.add_field(batch_.copy(key), *value);
}

// JSON may name a member twice, and a rule may send two paths to one key: the last one wins.
void PointMaker::keep_last_of_equal_keys() {
  model::BatchPoint& point = batch_.points.back();
  const auto begin = batch_.fields.begin() + point.fields_begin;
  auto kept = begin;
  for (auto field = begin; field != batch_.fields.end(); ++field) {
    auto same =
        std::find_if(begin, kept, [&](const auto& other) { return other.key == field->key; });
    if (same != kept) {
      same->value = field->value;
    } else {
      *kept++ = *field;
    }
  }
  batch_.fields.erase(kept, batch_.fields.end());
  point.fields_count = static_cast<uint32_t>(batch_.fields.size() - point.fields_begin);
}

void PointMaker::add_copy(const model::PointBatch& from, const model::BatchPoint& point) {
  begin(point.raw_series_key, point.time_ns);
  for (uint32_t i = 0; i < point.fields_count; i++) {
    const model::BatchField& field = from.fields[point.fields_begin + i];
    model::FieldValue value = field.value;
    if (value.type() == model::FieldType::string) {
      value = model::FieldValue::of_string(batch_.copy(value.as_string()));
    }
    batch_.add_field(batch_.copy(field.key), value);
  }
  points_++;
}

void PointMaker::end() {
  const uint32_t count = batch_.points.back().fields_count;
  if (count == 0) return batch_.points.pop_back();
  if (count > 1) keep_last_of_equal_keys();
  points_++;
}

}  // namespace weir::ingest
