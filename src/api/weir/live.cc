// GET /api/v2/weir/live: the live view's WebSocket.
//
// Authenticated by the session cookie or, for programs, by `Authorization` or `?token=`.
#include "api/answer.h"
#include "api/credentials.h"
#include "api/live/live_hub.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "http/error_response.h"
#include "meta/meta.h"

namespace weir::api::own {
namespace {

Result<meta::Caller> caller_of(const Context& context, const Credentials& credentials) {
  const meta::Authorizer& authorizer = context.meta.authorizer();
  if (credentials.kind == Credentials::Kind::token) return authorizer.by_token(credentials.token);
  if (credentials.kind == Credentials::Kind::session)
    return authorizer.by_session(credentials.token);
  return Error{Errc::unauthorized, "unauthorized access"};
}

Result<void> check(const Context& context, const Credentials& credentials) {
  WEIR_TRY(meta::Caller caller, caller_of(context, credentials));
  return check_sees_messages(context, caller);
}

http::WebSocketAnswer refuse(const Error& error) {
  http::ErrorResponse response = http::error_response(error);
  http::WebSocketAnswer answer;
  answer.refuse_status = response.status;
  answer.refuse_headers = std::move(response.headers);
  answer.refuse_body = std::move(response.body);
  return answer;
}

http::WebSocketAnswer accept(Context& context, const http::Request& request) {
  Credentials credentials = credentials_of(request);
  if (const std::string_view token = request.query.get("token"); !token.empty()) {
    credentials.kind = Credentials::Kind::token;
    credentials.token = token;
  }
  if (const Result<void> allowed = check(context, credentials); !allowed.ok())
    return refuse(allowed.error());
  if (!context.live->has_room())
    return refuse({Errc::too_many_requests, "too many live views are open"});
  http::WebSocketAnswer answer;
  answer.opened = [&context, credentials](std::shared_ptr<http::WebSocket> socket) {
    return context.live->open(std::move(socket),
                              [&context, credentials] { return check(context, credentials).ok(); });
  };
  return answer;
}

}  // namespace

void mount_live(http::Router& router, Context& context) {
  if (context.live == nullptr) return;
  router.add_websocket("/api/v2/weir/live", [&context](const http::Request& request) {
    return accept(context, request);
  });
}

}  // namespace weir::api::own
