// POST /api/v2/signin and /signout, GET /api/v2/me and PUT /api/v2/me/password.
#include <fmt/core.h>

#include <chrono>

#include "api/credentials.h"
#include "api/fields.h"
#include "api/route.h"
#include "api/v2/resources.h"
#include "api/v2/shapes.h"
#include "base/json.h"
#include "base/workers.h"
#include "meta/meta.h"

namespace weir::api::v2 {
namespace {

Error unauthorized() { return {Errc::unauthorized, "unauthorized access"}; }

// RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(int64_t time_ns) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{std::chrono::seconds(time_ns / 1'000'000'000)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

Answer with_cookie(std::string_view value, int64_t expires_ns, bool encrypted) {
  Answer answer = no_content();
  answer.headers.set(
      "Set-Cookie",
      fmt::format("{}={}; Path=/api/; Expires={}; HttpOnly; SameSite=Strict{}", kSessionCookie,
                  value, http_date(expires_ns), encrypted ? "; Secure" : ""));
  return answer;
}

Result<Answer> sign_in(const http::Request& request, Context& context) {
  const std::optional<Credentials> given = basic_credentials(request);
  if (!given.has_value()) return unauthorized();
  const meta::UserPtr user = context.meta.users().verify(given->user, given->password);
  if (user == nullptr) return unauthorized();
  WEIR_TRY(meta::NewSession session, context.meta.sessions().begin(user->id));
  return with_cookie(session.key, session.expires_ns, request.encrypted);
}

Result<Answer> sign_out(const http::Request& request, Context& context) {
  const std::string_view key = session_cookie(request);
  if (key.empty() || !context.meta.sessions().end(key).ok()) return unauthorized();
  return with_cookie("", 0, request.encrypted);  // expires in 1970: the browser forgets it
}

Result<Answer> me(const Call& call) { return json_answer(200, user_json(*call.caller.user)); }

// The old password comes as Basic authorization, the new one in the body.
Result<Answer> change_password(const http::Request& request, Context& context) {
  const std::optional<Credentials> given = basic_credentials(request);
  if (!given.has_value()) return unauthorized();
  const meta::UserPtr user = context.meta.users().verify(given->user, given->password);
  if (user == nullptr) return unauthorized();
  WEIR_TRY(Json body, body_object(request));
  WEIR_TRY(std::optional<std::string> password, text_field(body, "password"));
  WEIR_CHECK(context.meta.users().set_password(user->id, password.value_or("")));
  return no_content();
}

}  // namespace

void mount_session(http::Router& router, Context& context) {
  route_open(router, context, "POST", "/api/v2/signin", RunOn::password, sign_in);
  route_open(router, context, "POST", "/api/v2/signout", RunOn::worker, sign_out);
  route(router, context, "GET", "/api/v2/me", RunOn::io, me);
  route_open(router, context, "PUT", "/api/v2/me/password", RunOn::password, change_password);
}

}  // namespace weir::api::v2
