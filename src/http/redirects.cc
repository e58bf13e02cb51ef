#include "http/redirects.h"

#include <fmt/core.h>

#include "http/text.h"

namespace weir::http {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void become_get(ClientRequest& request) {
  if (request.method != "HEAD") request.method = "GET";
  request.body.clear();
  Headers kept;
  for (const auto& [name, value] : request.headers.all()) {
    if (!equal_ignoring_case(name, "Content-Type")) kept.add(name, value);
  }
  request.headers = std::move(kept);
}

void forget_secrets(ClientRequest& request) {
  Headers kept;
  for (const auto& [name, value] : request.headers.all()) {
    if (!equal_ignoring_case(name, "Authorization") && !equal_ignoring_case(name, "Cookie"))
      kept.add(name, value);
  }
  request.headers = std::move(kept);
}

}  // namespace

Result<ClientResponse> call_following_redirects(
    ClientRequest request, const std::function<Result<void>(const Url&)>& may_reach) {
  WEIR_TRY(Url url, parse_url(request.url));
  for (int redirects = 0;; ++redirects) {
    WEIR_CHECK(may_reach(url));
    WEIR_TRY(ClientResponse response, call(request));
    if (!is_redirect(response.status) || !response.headers.has("Location")) return response;
    if (redirects == kRedirectsMax) {
      return Error{Errc::unavailable,
                   fmt::format("{}: more than {} redirects", url.authority, kRedirectsMax)};
    }
    WEIR_TRY(Url next, resolve_url(url, response.headers.get("Location")));
    if (response.status < 307) become_get(request);
    if (next.host != url.host || next.port != url.port || next.tls != url.tls)
      forget_secrets(request);
    url = std::move(next);
    request.url = url.text();
  }
}

}  // namespace weir::http
