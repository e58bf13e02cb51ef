// A path into a payload: `uplink_message.rx_metadata[0].rssi`.
//
// Member names are separated by dots; [n] is an array's element, from 0. A name that holds a dot or
// a bracket is quoted: `a."b.c"`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::ingest {

struct PayloadPath {
  struct Step {
    std::string name;  // of a member, unless is_index
    size_t index = 0;  // of an element
    bool is_index = false;
  };
  std::string text;
  std::vector<Step> steps;

  static Result<PayloadPath> parse(std::string_view text);
};

}  // namespace weir::ingest
