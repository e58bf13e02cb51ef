// The running program: every part built, wired and started in floor order, stopped in reverse.
//
// Used by `weir run`, and by nothing else. start() opens the data directory (metadata, store), sets
// up from the configuration if nothing is set up yet, and opens the listeners; when it returns, the
// program serves. The parts are documented in docs/architecture.md.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/weir/web_files.h"
#include "base/result.h"
#include "server/config.h"
#include "server/listeners.h"

namespace weir::server {

class App {
 public:
  // `config` and `web_files` outlive the app.
  static Result<std::unique_ptr<App>> start(const Config& config,
                                            std::span<const api::WebFile> web_files);
  virtual ~App() = default;

  virtual std::string http_address() const = 0;  // "127.0.0.1:8086", with the port that was taken
  virtual std::string http_url() const = 0;
  // Where the broker takes plain MQTT over TCP, or empty; and all its listeners.
  virtual std::string mqtt_address() const = 0;
  virtual std::vector<ListenerAddress> mqtt_listeners() const = 0;
  virtual bool is_set_up() const = 0;
  // The operator token that was made at this start, when .env named none; else empty.
  virtual std::string generated_token() const = 0;
  // Reads again what may change while the program runs: certificates, password
  // file, access list. Not on an io thread.
  virtual void reload() = 0;
  // Closes the listeners, lets what is under way finish, seals and closes the store.
  virtual Result<void> stop() = 0;
};

}  // namespace weir::server
