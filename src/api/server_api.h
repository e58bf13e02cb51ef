// Api: every HTTP resource that weir serves, put on a router in one call.
//
// server/ makes it once all parts exist:
//
//   api::LiveHub live;                               // before the broker: it is one of its sinks
//   api::Api api({.meta = *meta, .store = *store, ..., .live = &live}, web::files());
//   api.mount(router);
//
// The parts, the files and the router's user (http::Server) live at least as long as requests run:
// stop the server and the workers before the Api goes.
#pragma once

#include <span>

#include "api/context.h"
#include "api/weir/web_files.h"
#include "http/router.h"

namespace weir::api {

class Api {
 public:
  explicit Api(Context context, std::span<const WebFile> web_files = {})
      : context_(std::move(context)), web_files_(web_files) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Adds all routes, the common headers and the web interface as fallback.
  void mount(http::Router& router);

 private:
  Context context_;
  std::span<const WebFile> web_files_;
};

}  // namespace weir::api
