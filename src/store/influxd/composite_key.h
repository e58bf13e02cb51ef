// The keys of TSM files and WAL entries: a series and one of its fields.
//
// `measurement,tag=value#!~#field`: the series in line protocol's escaping, the field bare. Early
// releases of InfluxDB 2 put 16 bytes of organization and bucket id in the measurement's place,
// and the names into tags: `<16 bytes>,\x00=measurement,tag=value,\xff=field#!~#field`. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::store::influxd {

struct CompositeKey {
  std::string_view series, field;
};

// Nothing for a key without the separator.
std::optional<CompositeKey> split_key(std::string_view key);

// The series as line protocol writes it; of the form with ids, the names put back in their places.
std::string line_series(std::string_view series);

}  // namespace weir::store::influxd
