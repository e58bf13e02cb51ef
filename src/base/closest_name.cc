#include "base/closest_name.h"

#include <algorithm>
#include <numeric>

namespace weir {

std::string_view closest_name(std::string_view wrong, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t best_distance = wrong.size() / 2 + 1;  // further away is a guess, not a help
  for (std::string_view name : known) {
    // Levenshtein's distance, one row at a time.
    std::vector<size_t> row(name.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= wrong.size(); i++) {
      size_t diagonal = row[0]++;
      for (size_t k = 1; k <= name.size(); k++) {
        const size_t replaced = diagonal + (wrong[i - 1] == name[k - 1] ? 0 : 1);
        diagonal = row[k];
        row[k] = std::min({replaced, row[k] + 1, row[k - 1] + 1});
      }
    }
    if (row.back() < best_distance) best = name, best_distance = row.back();
  }
  return best;
}

}  // namespace weir
