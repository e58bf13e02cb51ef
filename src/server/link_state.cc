#include "server/link_state.h"

#include <fmt/core.h>

#include <cctype>

#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"

namespace weir::server {
namespace {

// 23 letters and digits are what every broker takes (3.1.1 §3.1.3.1).
std::string new_client_id(std::string_view name) {
  std::string id = "weir";
  for (char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 && id.size() < 13) id += c;
  }
  return id + id_to_text(make_random_id()).substr(0, 23 - id.size());
}

std::string text_of(const Json& document, const char* key) {
  auto at = document.find(key);
  return at != document.end() && at->is_string() ? at->get<std::string>() : std::string();
}

Result<void> write_whole(FileSystem& files, const std::string& path, std::string_view text) {
  const std::string next = path + ".new";
  if (files.exists(next)) WEIR_CHECK(files.remove(next));
  WEIR_TRY(auto file, files.create(next));
  WEIR_CHECK(file->append(text));
  WEIR_CHECK(file->sync());
  WEIR_CHECK(file->close());
  WEIR_CHECK(files.rename(next, path));
  return files.sync_directory(path.substr(0, path.rfind('/')));
}

}  // namespace

Result<void> LinkState::open(const BrokerLink& link, std::string_view name) {
  server_ = fmt::format("{} {}", link.url.shown(), link.user.value_or(""));
  Json document = Json::object();
  if (files_.exists(path_)) {
    WEIR_TRY(std::string text, files_.read(path_));
    if (auto parsed = parse_json(text); parsed.ok() && parsed->is_object()) {
      document = std::move(parsed).value();
    } else {
      log::warn("server", "{} cannot be read and is made anew", path_);
    }
  }
  own_id_ = text_of(document, "ownClientID");
  if (own_id_.empty()) own_id_ = new_client_id(name);
  client_id_ = link.client_id.empty() ? own_id_ : link.client_id;
  if (text_of(document, "server") == server_ && text_of(document, "clientID") == client_id_) {
    auto held = document.find("subscriptions");
    if (held != document.end() && held->is_array()) {
      auto into = held_.lock();
      for (const Json& one : *held) {
        if (one.is_string()) into->insert(one.get<std::string>());
      }
    }
  }
  return write(held());
}

Result<void> LinkState::remember(const std::set<std::string>& held) {
  auto now = held_.lock();
  if (*now == held) return {};
  *now = held;
  return write(held);
}

Result<void> LinkState::write(const std::set<std::string>& held) const {
  Json document = {{"ownClientID", own_id_},
                   {"clientID", client_id_},
                   {"server", server_},
                   {"subscriptions", held}};
  return write_whole(files_, path_, dump_json(document) + "\n");
}

Result<std::string> instance_id(FileSystem& files, const std::string& path) {
  if (files.exists(path)) {
    WEIR_TRY(std::string text, files.read(path));
    if (auto id = id_from_text(text)) return id_to_text(*id);
  }
  std::string id = id_to_text(make_random_id());
  WEIR_CHECK(write_whole(files, path, id));
  return id;
}

}  // namespace weir::server
