// ColumnsWriter: results as typed columns, for programs that draw or compute rather than read text.
//
// A stream of frames, little endian: u32 bytes of header, u32 bytes of payload, the header (JSON,
// padded with spaces), the payload. Both parts are multiples of 8 long, so that every column lies
// at a multiple of 8 and can be viewed as an array in place. docs/columns.md describes each member.
// Invariants: a frame holds rows of one table, at most kFrameRowsMax; frames of a table follow each
// other; an empty table is a frame with no rows; the last frame says "end" or "error".
// Used by query::Engine, on the query's thread.
#pragma once

#include <string>
#include <string_view>

#include "query/query.h"
#include "query/result/result_writer.h"

namespace weir::query {

class ColumnsWriter final : public ResultWriter {
 public:
  static constexpr size_t kFrameRowsMax = 65'536;

  // `write` outlives the writer.
  ColumnsWriter(const ColumnsFormat& format, const WriteBytes& write)
      : format_(format), write_(write) {}

  Result<void> write_result(ExecContext& context, std::string_view name,
                            TableCursor& tables) override;
  Result<void> write_error(std::string_view message) override;
  Result<void> finish() override;
  bool anything_sent() const override { return sent_ > 0; }
  uint64_t bytes() const override { return sent_ + held_.size(); }

 private:
  Result<void> write_table(ExecContext& context, std::string_view name, Table& table);
  Result<void> write_rows(std::string_view name, const Table& table, const Chunk& chunk,
                          size_t begin, size_t count);
  Result<void> write_frame(std::string header, std::string_view payload);
  Result<void> flush();

  const ColumnsFormat format_;
  const WriteBytes& write_;
  std::string held_, payload_;
  uint64_t sent_ = 0;
  uint64_t table_id_ = 0;
  bool has_ended_ = false;
};

}  // namespace weir::query
