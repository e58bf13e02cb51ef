// HTTP status codes: which one an error code becomes, and how each is spelled.
//
// The one table from Errc to status (InfluxDB 2's; note that a conflict is 422 there, not 409).
#pragma once

#include <string_view>

#include "base/result.h"

namespace weir::http {

int status_of(Errc code);
// RFC 9110 §15: "Not Found". "Unknown" for a code nobody registered.
std::string_view reason_phrase(int status);
// 1xx, 204 and 304 have none (RFC 9110 §6.4.1).
bool status_has_body(int status);

}  // namespace weir::http
