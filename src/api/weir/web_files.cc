#include "api/weir/web_files.h"

#include <string>
#include <unordered_map>

#include "api/answer.h"
#include "http/compression.h"

namespace weir::api {
namespace {

using Files = std::unordered_map<std::string_view, const WebFile*>;

constexpr const char* kIndex = "/index.html";
// What the bundler names with a content hash.
constexpr std::string_view kHashedAssets = "/assets/";
// Scripts and styles come from this server alone; uPlot and CodeMirror set inline styles; maps load
// their tiles as images; live data is a WebSocket to this server.
constexpr const char* kContentSecurityPolicy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob: https:; font-src 'self' data:; connect-src 'self';"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'";

// The page's own path ("/explore", "/buckets/12"), as opposed to a file that is not there.
bool is_page(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') == path.npos;
}

bool belongs_to_api(std::string_view path) {
  return path == "/api" || path.starts_with("/api/") || path == "/query" || path == "/write" ||
         path.starts_with("/private/") || path.starts_with("/debug/");
}

http::Headers headers_of(const WebFile& file) {
  http::Headers headers;
  headers.set("Content-Type", std::string(file.content_type));
  headers.set("ETag", std::string(file.etag));
  headers.set("Cache-Control", file.path.starts_with(kHashedAssets)
                                   ? "public, max-age=31536000, immutable"
                                   : "no-cache");
  headers.set("Vary", "Accept-Encoding");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Content-Security-Policy", kContentSecurityPolicy);
  return headers;
}

void serve(const Files& files, const http::Request& request, http::Responder& responder) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads || belongs_to_api(request.path))
    return send_failure(responder, {Errc::not_found, "path not found"});
  auto found = files.find(request.path);
  if (found == files.end() && is_page(request.path)) found = files.find(kIndex);
  if (found == files.end()) return send_failure(responder, {Errc::not_found, "path not found"});

  const WebFile& file = *found->second;
  http::Headers headers = headers_of(file);
  if (request.headers.get("If-None-Match") == file.etag)
    return responder.send(304, std::move(headers), {});
  if (!http::accepts_gzip(request.headers.get("Accept-Encoding"))) {
    headers.set("Content-Type", "text/plain; charset=utf-8");
    return responder.send(406, std::move(headers), "this page is sent gzip-compressed only\n");
  }
  headers.set("Content-Encoding", "gzip");
  responder.send(200, std::move(headers), std::string(file.bytes));
}

}  // namespace

void mount_web_files(http::Router& router, std::span<const WebFile> web_files) {
  if (web_files.empty()) return;
  Files files;
  for (const WebFile& file : web_files) files.emplace(file.path, &file);
  router.set_fallback([files = std::move(files)](const http::Request& request,
                                                 const http::ResponderPtr& responder) {
    serve(files, request, *responder);
  });
}

}  // namespace weir::api
