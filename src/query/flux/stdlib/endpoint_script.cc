#include "query/flux/stdlib/endpoint_script.h"

#include <fmt/core.h>

namespace weir::query::flux {

void add_with_endpoint(Registry& registry, std::string_view package, std::string_view script,
                       std::string_view parameters, std::string_view call,
                       std::string_view prepare) {
  constexpr std::string_view kEndpoint = R"(
endpoint = ({}) =>
    (mapFn) =>
        (tables=<-) =>
            tables {}
                |> map(
                    fn: (r) => {{
                        obj = mapFn(r: r)
                        status = {}

                        return {{r with _sent: string(v: 2 == status / 100)}}
                    }},
                )
)";
  registry.add_script(package,
                      std::string(script) + fmt::format(kEndpoint, parameters, prepare, call));
}

}  // namespace weir::query::flux
