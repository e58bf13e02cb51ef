// The library of functions over tables: what a script can call besides the language's own.
//
// register_tables() fills a registry once at start; each register_x() below is one file of this
// folder, named after it. Adding a function: its file, a line here and one in library.cc.
#pragma once

#include "query/flux/builtin.h"

namespace weir::query {

void register_tables(flux::Registry& registry);

void register_aggregate_window(flux::Registry& registry);
void register_aggregates(flux::Registry& registry);
void register_array_from(flux::Registry& registry);
void register_buckets(flux::Registry& registry);
void register_cardinality(flux::Registry& registry);
void register_choosing(flux::Registry& registry);
void register_convert(flux::Registry& registry);
void register_covariance(flux::Registry& registry);
void register_csv_from(flux::Registry& registry);
void register_differences(flux::Registry& registry);
void register_distinct(flux::Registry& registry);
void register_fill(flux::Registry& registry);
void register_filter(flux::Registry& registry);
void register_from(flux::Registry& registry);
void register_group(flux::Registry& registry);
void register_histogram(flux::Registry& registry);
void register_histogram_quantile(flux::Registry& registry);
void register_holt_winters(flux::Registry& registry);
void register_integral(flux::Registry& registry);
void register_join(flux::Registry& registry);
void register_keep_drop(flux::Registry& registry);
void register_key_values(flux::Registry& registry);
void register_keys(flux::Registry& registry);
void register_limit(flux::Registry& registry);
void register_map(flux::Registry& registry);
void register_moving_averages(flux::Registry& registry);
void register_pivot(flux::Registry& registry);
void register_range(flux::Registry& registry);
void register_reduce(flux::Registry& registry);
void register_rename(flux::Registry& registry);
void register_schema(flux::Registry& registry);
void register_selectors(flux::Registry& registry);
void register_sort(flux::Registry& registry);
void register_state_tracking(flux::Registry& registry);
void register_table_find(flux::Registry& registry);
void register_time_shift(flux::Registry& registry);
void register_to(flux::Registry& registry);
void register_union(flux::Registry& registry);
void register_universe_script(flux::Registry& registry);
void register_window(flux::Registry& registry);
void register_yield(flux::Registry& registry);

}  // namespace weir::query
