// Zone: a location of Flux, {zone, offset}: a name of the tz database and a fixed shift from it.
//
// Translates between moments (Unix nanoseconds) and the clock on the wall, which is told as if it
// were UTC. Of a local time that occurs twice the first is taken; one that is skipped becomes the
// moment the clocks jump. Immutable, cheap to copy; any thread.
// Spec: Flux, package timezone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace weir::query::flux {

class Value;

class Zone {
 public:
  // UTC.
  Zone() = default;
  // Errc::invalid for a name that the tz database does not have.
  static Result<Zone> named(const std::string& name, int64_t offset_ns = 0);
  // Of a location record; UTC for null and for nullptr.
  static Result<Zone> of(const Value* location);

  bool is_utc() const { return rules_ == nullptr && offset_ns_ == 0; }
  int64_t to_local(int64_t ns) const;
  int64_t to_utc(int64_t local_ns) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;  // null: UTC's
  int64_t offset_ns_ = 0;
};

}  // namespace weir::query::flux
