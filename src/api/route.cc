#include "api/route.h"

#include <memory>

#include "api/credentials.h"
#include "base/workers.h"
#include "meta/meta.h"

namespace weir::api {
namespace {

using Next = std::function<void(http::Request, meta::Caller, http::ResponderPtr)>;

Workers& workers_for(Context& context, RunOn where) {
  return where == RunOn::password ? context.passwords : context.workers;
}

void run_on(Workers& workers, const http::ResponderPtr& responder, std::function<void()> task) {
  if (!workers.try_submit(std::move(task))) send_busy(*responder);
}

// Verifies user and password on a worker and goes on there.
void authenticate_slowly(Context& context, http::Request request, Credentials credentials,
                         http::ResponderPtr responder, const Next& next,
                         FailureAnswer answer_failure) {
  auto shared = std::make_shared<http::Request>(std::move(request));
  run_on(context.passwords, responder,
         [&context, shared, credentials, responder, next, answer_failure] {
           if (responder->closed()) return;  // nobody waits for the answer: spare the hash
           Result<meta::Caller> caller =
               context.meta.authorizer().by_password(credentials.user, credentials.password);
           if (!caller.ok()) return answer_failure(*responder, caller.error());
           next(std::move(*shared), *std::move(caller), responder);
         });
}

void authenticate(Context& context, http::Request request, http::ResponderPtr responder,
                  const Next& next, FailureAnswer answer_failure) {
  Credentials credentials = credentials_of(request);
  const meta::Authorizer& authorizer = context.meta.authorizer();
  Result<meta::Caller> caller = Error{Errc::unauthorized, "unauthorized access"};
  switch (credentials.kind) {
    case Credentials::Kind::none:
      break;
    case Credentials::Kind::token:
      caller = authorizer.by_token(credentials.token);
      break;
    case Credentials::Kind::session:
      caller = authorizer.by_session(credentials.token);
      break;
    case Credentials::Kind::password:
      break;
  }
  if (!caller.ok() && !credentials.password.empty()) {
    caller = authorizer.recall_password(credentials.user, credentials.password);
    if (!caller.ok())
      return authenticate_slowly(context, std::move(request), std::move(credentials),
                                 std::move(responder), next, answer_failure);
  }
  if (!caller.ok()) return answer_failure(*responder, caller.error());
  next(std::move(request), *std::move(caller), std::move(responder));
}

}  // namespace

void run_on_worker(Context& context, const http::ResponderPtr& responder,
                   std::function<void()> task) {
  run_on(context.workers, responder, std::move(task));
}

void route_streaming(http::Router& router, Context& context, std::string_view method,
                     std::string_view path, StreamingHandle handle, FailureAnswer answer_failure) {
  router.add(method, path,
             [&context, handle = std::move(handle), answer_failure](http::Request request,
                                                                    http::ResponderPtr responder) {
               authenticate(context, std::move(request), std::move(responder), handle,
                            answer_failure);
             });
}

void route(http::Router& router, Context& context, std::string_view method, std::string_view path,
           RunOn where, std::function<Result<Answer>(const Call&)> handle) {
  auto streaming = [&context, where, handle = std::move(handle)](
                       http::Request request, meta::Caller caller, http::ResponderPtr responder) {
    if (where == RunOn::io) return send(*responder, handle(Call{request, caller, context}));
    auto shared = std::make_shared<http::Request>(std::move(request));
    run_on(workers_for(context, where), responder, [&context, shared, caller, responder, handle] {
      send(*responder, handle(Call{*shared, caller, context}));
    });
  };
  route_streaming(router, context, method, path, std::move(streaming));
}

void route_open(http::Router& router, Context& context, std::string_view method,
                std::string_view path, RunOn where,
                std::function<Result<Answer>(const http::Request&, Context&)> handle) {
  router.add(method, path,
             [&context, where, handle = std::move(handle)](http::Request request,
                                                           http::ResponderPtr responder) {
               if (where == RunOn::io) return send(*responder, handle(request, context));
               auto shared = std::make_shared<http::Request>(std::move(request));
               run_on(workers_for(context, where), responder,
                      [&context, shared, responder, handle] {
                        if (responder->closed()) return;  // as above: strangers ask for hashes here
                        send(*responder, handle(*shared, context));
                      });
             });
}

}  // namespace weir::api
