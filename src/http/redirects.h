// An HTTP call that goes where redirects send it, as far as it may.
//
// Blocking, as call() is. 301, 302 and 303 make a GET of anything but HEAD, 307 and 308 repeat the
// request with its body (RFC 9110 §15.4). Authorization and cookies stay with the origin they were
// meant for.
#pragma once

#include <functional>

#include "http/client.h"
#include "http/url.h"

namespace weir::http {

inline constexpr int kRedirectsMax = 10;  // as browsers and Go's client give up by then

// `may_reach` is asked before each request; its error is the answer.
Result<ClientResponse> call_following_redirects(
    ClientRequest request, const std::function<Result<void>(const Url&)>& may_reach);

}  // namespace weir::http
