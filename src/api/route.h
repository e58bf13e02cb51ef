// Routes of the API: who may call, and on which thread a resource runs.
//
// route() is for the ordinary resource: a function from a request to an answer. route_streaming()
// hands over the responder, for what answers later or in pieces. Both authenticate first: 401
// "unauthorized access" unless the caller is known. Passwords are verified on a worker of their
// own, and what follows begins there; a token or session is known at once, on the io thread.
#pragma once

#include <functional>
#include <string_view>

#include "api/answer.h"
#include "api/context.h"
#include "base/result.h"
#include "http/router.h"
#include "meta/authorizer.h"

namespace weir::api {

struct Call {
  const http::Request& request;
  const meta::Caller& caller;
  Context& context;
};

enum class RunOn : uint8_t {
  io,        // answers from memory at once
  worker,    // blocks: disk, hashing for a caller who is known
  password,  // hashes a password that anybody may send
};

void route(http::Router& router, Context& context, std::string_view method, std::string_view path,
           RunOn where, std::function<Result<Answer>(const Call&)> handle);

// The same without a caller: /ping, /health, set-up.
void route_open(http::Router& router, Context& context, std::string_view method,
                std::string_view path, RunOn where,
                std::function<Result<Answer>(const http::Request&, Context&)> handle);

using StreamingHandle = std::function<void(http::Request, meta::Caller, http::ResponderPtr)>;
// How an error is told: send_failure, but for InfluxDB 1's paths.
using FailureAnswer = void (*)(http::Responder&, const Error&);
// `handle` runs on an io thread or on a worker: it must not block.
void route_streaming(http::Router& router, Context& context, std::string_view method,
                     std::string_view path, StreamingHandle handle,
                     FailureAnswer answer_failure = send_failure);

// Runs `task` on a worker, or answers 503 when too many wait.
void run_on_worker(Context& context, const http::ResponderPtr& responder,
                   std::function<void()> task);

}  // namespace weir::api
