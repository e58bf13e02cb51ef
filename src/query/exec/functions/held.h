// Streams read whole, for functions that compare or join two of them.
//
// Tables whose keys are equal are held as one, in the order of their first; rows count against the
// query's memory. Used on the query's thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "query/exec/functions/kit.h"

namespace weir::query {

struct HeldTable {
  GroupKey key;
  Columns columns;
  Chunk chunk;
};

class HeldStream {
 public:
  static Result<HeldStream> read(ExecContext& context, TableCursor& cursor);
  const std::vector<HeldTable>& tables() const { return tables_; }
  // The table of that key, or nullptr.
  const HeldTable* find(const GroupKey& key) const;

 private:
  std::vector<HeldTable> tables_;
  std::unordered_map<std::string, size_t> by_identity_;
};

// A function of two streams, read whole before it is called.
using JoinHeld = std::function<Result<std::vector<TablePtr>>(ExecContext&, const HeldStream& first,
                                                             const HeldStream& second)>;
flux::Value held_pair(CallContext& call, std::string function, StreamNode first, StreamNode second,
                      JoinHeld join);

}  // namespace weir::query
