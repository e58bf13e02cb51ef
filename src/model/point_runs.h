// Points as bytes that keep every type and bit: how a bucket is brought from one weir to another.
//
// Line protocol has no NaN and no infinity; this has. A body is runs, one after the other, each
// some rows of one field of one series:
//
//   varint length, canonical series key | varint length, field | u8 type | varint rows
//   rows x i64 time | rows x value: u64 bits of numbers, u8 of a boolean, varint length and text
//
// Numbers are little-endian; types as in docs/format.md: 1 float, 2 integer, 3 unsigned, 4 boolean,
// 5 string. Pure, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/column_chunk.h"
#include "model/point_batch.h"

namespace weir::model {

// Appends all rows of a chunk. `series` is a canonical key.
void append_run(std::string& out, std::string_view series, std::string_view field,
                const ColumnChunk& chunk);

// The points of a body, each with one field; texts are views into the body, which the batch holds.
// Errc::invalid with the offset for what is no such body, or names no series.
Result<PointBatch> decode_runs(std::shared_ptr<const std::string> body);

}  // namespace weir::model
