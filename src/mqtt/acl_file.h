// AclFile: Mosquitto's list of who may use which topics, and what it lets one client do.
//
//   topic [read|write|readwrite|deny] FILTER     before any `user`: of clients without a name
//   user NAME                                    the topics that follow are this user's
//   topic [read|write|readwrite|deny] FILTER
//   pattern [read|write|readwrite|deny] FILTER   of every client; %u is its user, %c its identifier
//
// What no line grants is refused; a matching deny wins over every grant. A name that holds `+`, `#`
// or `/` would reach beyond its own topics when put into a pattern: a grant that uses it does not
// apply, and a deny that uses it then covers everything from that level down. Format: Mosquitto's
// mosquitto.conf(5), acl_file; docs/mqtt.md says where weir differs. Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqtt/identity.h"
#include "mqtt/text_map.h"

namespace weir::mqtt {

class AclFile : public std::enable_shared_from_this<AclFile> {
 public:
  // A hundred thousand devices with several lines each; a larger file is a mistake.
  static constexpr size_t kBytesMax = 32 * 1024 * 1024;

  // `name`: the file, as messages call it. Errc::invalid with a line for each mistake (the first
  // twenty): "NAME:LINE: ...".
  static Result<std::shared_ptr<const AclFile>> parse(std::string_view text, std::string_view name);

  // What one client may do; `user` is empty for one without a name. Never null. The result keeps
  // the list alive.
  std::shared_ptr<const TopicAccess> access_of(std::string_view user,
                                               std::string_view client_id) const;

 private:
  class ClientAccess;
  class Parser;

  // What a line says, as bits: several lines may match one topic.
  using Rights = uint8_t;
  static constexpr Rights kRead = 1, kWrite = 2, kDeny = 4;

  struct Rule {
    Rights rights = 0;
    std::string filter;
  };
  // The filter of a deny among them that matches; empty: there is none.
  static std::string_view denied_by(const std::vector<Rule>& rules, std::string_view topic);
  // Topics without a wildcard are looked up; there may be thousands of them.
  struct Rules {
    TextMap<Rights> exact;
    std::vector<Rule> wildcards;

    void add(Rights rights, std::string_view filter);
    Rights of(std::string_view topic) const;
    std::string_view denied_by(std::string_view topic) const;
  };

  std::string name_;
  Rules anonymous_;
  TextMap<Rules> users_;
  Rules for_all_;               // patterns that name neither user nor client
  std::vector<Rule> patterns_;  // the others
};

}  // namespace weir::mqtt
