// ResultWriter: the format in which a query's results leave, written while the tables are read.
//
// The query engine calls write_result() for each yield in turn, then finish(); or, when a table
// failed after bytes had left, write_error() and finish(). Used on the query's thread. Every call
// fails when a table fails or when nobody listens any more.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "query/exec/table.h"

namespace weir::query {

class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual Result<void> write_result(ExecContext& context, std::string_view name,
                                    TableCursor& tables) = 0;
  // An error that ends the stream, in the format's own form.
  virtual Result<void> write_error(std::string_view message) = 0;
  // Hands over what is left.
  virtual Result<void> finish() = 0;

  // Until bytes have left, an error can still be answered otherwise.
  virtual bool anything_sent() const = 0;
  virtual uint64_t bytes() const = 0;
};

}  // namespace weir::query
