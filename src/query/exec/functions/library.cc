#include "query/exec/functions/library.h"

namespace weir::query {

void register_tables(flux::Registry& registry) {
  register_aggregate_window(registry);
  register_aggregates(registry);
  register_array_from(registry);
  register_buckets(registry);
  register_convert(registry);
  register_csv_from(registry);
  register_differences(registry);
  register_distinct(registry);
  register_fill(registry);
  register_filter(registry);
  register_from(registry);
  register_group(registry);
  register_join(registry);
  register_keep_drop(registry);
  register_keys(registry);
  register_limit(registry);
  register_map(registry);
  register_pivot(registry);
  register_range(registry);
  register_reduce(registry);
  register_rename(registry);
  register_schema(registry);
  register_selectors(registry);
  register_sort(registry);
  register_table_find(registry);
  register_union(registry);
  register_window(registry);
  register_yield(registry);
}

}  // namespace weir::query
