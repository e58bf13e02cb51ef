#include "query/plan/from_storage.h"

#include <algorithm>

namespace weir::query {

bool is_from_storage(const TableStream& stream) {
  const TableStream* node = &stream;
  while (node->as<RangeSpec>() != nullptr || node->as<FilterSpec>() != nullptr)
    node = node->inputs[0].get();
  return node->as<FromSpec>() != nullptr;
}

bool is_storage_group(const TableStream& stream) {
  const GroupSpec* group = stream.as<GroupSpec>();
  if (group == nullptr || !group->by) return false;
  auto listed = [group](const char* label) {
    return std::find(group->columns.begin(), group->columns.end(), label) != group->columns.end();
  };
  return !listed("_time") && !listed("_value") && is_from_storage(*stream.inputs[0]);
}

}  // namespace weir::query
