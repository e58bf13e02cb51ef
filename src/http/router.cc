#include "http/router.h"

#include <map>
#include <unordered_map>

#include "base/assert.h"
#include "http/error_response.h"

namespace weir::http {
namespace {

struct Endpoint {
  Handler handler;
  std::vector<std::string> names;  // of the {names} in its path, in order
};

// One level of a path. Literal levels are preferred to {names}, those to "*".
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> named;
  std::unique_ptr<Node> rest;
  std::map<std::string, Endpoint, std::less<>> methods;
};

// Takes the next level off `path`, which starts with its slash.
std::string_view next_level(std::string_view& path) {
  path.remove_prefix(1);
  const size_t slash = path.find('/');
  const std::string_view level = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  return level;
}

// The node with methods that `path` leads to; `values` gets what stands for the {names}.
const Node* find(const Node& node, std::string_view path, std::vector<std::string_view>& values) {
  if (path.empty()) return node.methods.empty() ? nullptr : &node;
  std::string_view rest = path;
  const std::string_view level = next_level(rest);
  if (auto literal = node.literal.find(level); literal != node.literal.end()) {
    if (const Node* found = find(*literal->second, rest, values)) return found;
  }
  if (node.named != nullptr && !level.empty()) {
    values.push_back(level);
    if (const Node* found = find(*node.named, rest, values)) return found;
    values.pop_back();
  }
  if (node.rest != nullptr) {
    values.push_back(path.substr(1));
    return node.rest.get();
  }
  return nullptr;
}

}  // namespace

struct Router::State {
  Node root;
  std::unordered_map<std::string, WebSocketHandler> websockets;
  WebSocketHandler websocket_fallback;
  Handler fallback;
  Headers common_headers;
};

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view path, Handler handler) {
  WEIR_ASSERT(!path.empty() && path.front() == '/', "a route starts with a slash");
  Node* node = &state_->root;
  Endpoint endpoint{std::move(handler), {}};
  while (!path.empty()) {
    const std::string_view level = next_level(path);
    std::unique_ptr<Node>* next = nullptr;
    if (level == "*") {
      WEIR_ASSERT(path.empty(), "* ends a route");
      endpoint.names.emplace_back("*");
      next = &node->rest;
    } else if (level.size() > 2 && level.front() == '{' && level.back() == '}') {
      endpoint.names.emplace_back(level.substr(1, level.size() - 2));
      next = &node->named;
    } else {
      next = &node->literal[std::string(level)];
    }
    if (*next == nullptr) *next = std::make_unique<Node>();
    node = next->get();
  }
  const bool is_new = node->methods.emplace(std::string(method), std::move(endpoint)).second;
  WEIR_ASSERT(is_new, "a route is added once");
}

void Router::add_websocket(std::string_view path, WebSocketHandler accept) {
  state_->websockets[std::string(path)] = std::move(accept);
}

void Router::set_websocket_fallback(WebSocketHandler accept) {
  state_->websocket_fallback = std::move(accept);
}

void Router::set_fallback(Handler handler) { state_->fallback = std::move(handler); }

void Router::set_common_headers(Headers headers) { state_->common_headers = std::move(headers); }

const Headers& Router::common_headers() const { return state_->common_headers; }

const WebSocketHandler* Router::find_websocket(std::string_view path) const {
  auto found = state_->websockets.find(std::string(path));
  if (found != state_->websockets.end()) return &found->second;
  return state_->websocket_fallback ? &state_->websocket_fallback : nullptr;
}

void Router::handle(Request request, ResponderPtr responder) const {
  std::vector<std::string_view> values;
  const bool is_path = !request.path.empty() && request.path.front() == '/';
  const Node* node = is_path ? find(state_->root, request.path, values) : nullptr;
  if (node == nullptr) {
    if (find_websocket(request.path) != nullptr) {
      ErrorResponse refusal =
          error_response(Error{Errc::invalid, "this path speaks WebSocket only"}, 426);
      refusal.headers.set("Upgrade", "websocket");
      return responder->send(refusal.status, std::move(refusal.headers), std::move(refusal.body));
    }
    if (state_->fallback) return state_->fallback(std::move(request), std::move(responder));
    return send_error(*responder, Error{Errc::not_found, "path not found"});
  }

  auto endpoint = node->methods.find(request.method);
  if (endpoint == node->methods.end() && request.method == "HEAD")
    endpoint = node->methods.find("GET");
  if (endpoint == node->methods.end()) {
    std::string allow;
    for (const auto& [method, ignored] : node->methods)
      allow += allow.empty() ? method : ", " + method;
    ErrorResponse refusal = error_response(Error{Errc::method_not_allowed, "allow: " + allow});
    refusal.headers.set("Allow", allow);
    return responder->send(refusal.status, std::move(refusal.headers), std::move(refusal.body));
  }
  const Endpoint& target = endpoint->second;
  for (size_t i = 0; i < values.size(); ++i)
    request.path_values.emplace_back(target.names[i], std::string(values[i]));
  target.handler(std::move(request), std::move(responder));
}

}  // namespace weir::http
