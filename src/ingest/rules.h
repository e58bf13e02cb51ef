// RuleSet: the mapping rules of a configuration, `[auto]` and `[[map]]` (docs/mapping.md).
//
// An immutable snapshot: parse it once, share it between threads, replace it as a whole. A text
// with mistakes gives no rule set at all, and every mistake with its line and column.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/rule.h"

namespace weir::ingest {

// The mapping of topics that no rule takes.
struct AutomaticMapping {
  bool enabled = true;
  std::vector<TopicPattern> skip;
  size_t series_max = 10'000;  // a runaway publisher must not fill the index
};

// Whether tables besides `auto` and `map` are a mistake (rules alone) or someone else's
// (weir.toml).
enum class OtherTables : uint8_t { refuse, ignore };

class RuleSet {
 public:
  // Errc::invalid with one line per mistake: `3:1: unknown key "mesurement"; did you mean ...`.
  static Result<std::shared_ptr<const RuleSet>> parse(std::string_view toml,
                                                      OtherTables others = OtherTables::refuse);
  // No rules: automatic mapping of everything.
  static std::shared_ptr<const RuleSet> automatic_only();

  const std::vector<Rule>& rules() const { return rules_; }
  const AutomaticMapping& automatic() const { return automatic_; }

 private:
  friend class RulesReader;
  std::vector<Rule> rules_;
  AutomaticMapping automatic_;
};

}  // namespace weir::ingest
