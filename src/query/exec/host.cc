#include "query/exec/host.h"

namespace weir::query {

namespace {
constexpr std::string_view kDefaultName = "_result";  // of a stream that no yield() names
}

Result<void> QueryHost::add_yield(std::string_view name, StreamNode stream) {
  for (const Yield& yield : yields_) {
    if (yield.name == name) {
      return Error{Errc::invalid, "found more than one call to yield() with the name \"" +
                                      std::string(name) + "\""};
    }
  }
  yields_.push_back({std::string(name), std::move(stream)});
  return {};
}

Result<void> QueryHost::on_expression(const flux::Value& value, const flux::ast::Expression&) {
  if (!value.is(flux::ValueType::stream)) return {};
  StreamNode stream = value.as_stream();
  if (stream->function == "yield") return {};  // added when it was called
  return add_yield(kDefaultName, std::move(stream));
}

}  // namespace weir::query
