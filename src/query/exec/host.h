// QueryHost: what a running script of one query reaches through its calls: the execution context,
// and the list of results that yield() and bare expressions add to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/exec/context.h"
#include "query/flux/builtin.h"
#include "query/plan/stream.h"

namespace weir::query {

class QueryHost final : public flux::Host {
 public:
  explicit QueryHost(ExecContext& context) : context_(context) {}

  struct Yield {
    std::string name;
    StreamNode stream;
  };

  ExecContext& context() { return context_; }
  const std::vector<Yield>& yields() const { return yields_; }
  // Errc::invalid if the name was used before.
  Result<void> add_yield(std::string_view name, StreamNode stream);
  Result<void> on_expression(const flux::Value& value,
                             const flux::ast::Expression& expression) override;

 private:
  ExecContext& context_;
  std::vector<Yield> yields_;
};

inline QueryHost& host_of(flux::CallContext& call) { return static_cast<QueryHost&>(call.host()); }

}  // namespace weir::query
