#include "store/engine/piece_runs.h"

#include <limits>

namespace weir::store {
namespace {

void add_rows(const RowGroup& rows, bool in_order, std::vector<NamedRun>& runs) {
  for (const RowGroup::Column& column : rows.columns()) {
    FieldRun run = rows.run(column, rows.rows(), in_order, std::numeric_limits<int64_t>::min(),
                            std::numeric_limits<int64_t>::max());
    if (run.rows() == 0) continue;
    NamedRun* known = nullptr;
    for (NamedRun& named : runs) {
      if (named.field == column.field.field && named.run.type == column.field.type) known = &named;
    }
    if (known == nullptr) {
      runs.push_back({column.field.field, std::move(run)});
    } else {
      known->run = merge_runs(std::move(known->run), std::move(run));
    }
  }
}

}  // namespace

std::vector<NamedRun> runs_of(const std::vector<Piece>& pieces) {
  std::vector<NamedRun> runs;
  for (const Piece& piece : pieces) {
    if (piece.main != nullptr) add_rows(*piece.main, true, runs);
    if (piece.late != nullptr) add_rows(*piece.late, false, runs);
  }
  return runs;
}

}  // namespace weir::store
