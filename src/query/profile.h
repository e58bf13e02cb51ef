// What a query did and what it cost, call by call: `weir query --explain`.
//
// Filled by Engine::explain() on the query's thread; plain data afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "query/query.h"

namespace weir::query {

struct OperatorProfile {
  std::string call;       // "filter"; of a pipeline that the store computes, "from |> range |> sum"
  std::string place;      // in the script: "@2:6-2:20"
  bool in_store = false;  // computed by the store, the whole pipeline up to this call
  size_t depth = 0;       // 0 is the result's last call
  uint64_t tables = 0, rows = 0;  // that came out
  int64_t total_ns = 0;           // with its inputs
  int64_t own_ns = 0;             // without
};

struct ResultProfile {
  std::string name;  // as yielded; empty: what the script read while it ran, as findRecord() does
  std::deque<OperatorProfile> operators;  // each followed by its inputs, which are one deeper
};

struct Explanation {
  Statistics statistics;
  int64_t total_ns = 0;
  std::deque<ResultProfile> results;
};

}  // namespace weir::query
