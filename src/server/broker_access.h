// What connects the broker and the mapping to identity: who may connect, what they may do, and
// which bucket is meant.
//
// Used by app.cc. A client may be one of weir's users, bring one of its tokens, be in the password
// file, or have no name at all; the access list holds for all of them. What the parts refer to
// outlives what is returned.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/workers.h"
#include "ingest/pipeline.h"
#include "meta/meta.h"
#include "mqtt/broker.h"
#include "server/access_lists.h"
#include "server/config.h"
#include "server/login_guard.h"

namespace weir::server {

struct AccessParts {
  meta::Meta& meta;
  Workers& workers;  // that hash passwords
  // The password file and the access list of the listener.
  std::shared_ptr<const AccessLists> lists;
  LoginGuard& guard;
  const Clock& clock;
  // Runs the task so many milliseconds later, on any thread.
  std::function<void(int64_t, std::function<void()>)> later;
  const std::atomic<bool>& stopping;
};

// Who may connect to a listener without a name, and the setting that says so.
struct AnonymousRule {
  AnonymousPolicy policy = AnonymousPolicy::loopback;
  std::string setting;
};

// Clients without a name by that rule; others by user name and password, or any name and a token as
// password. A name may be both weir's and the file's: either password is right. Passwords are
// hashed on a worker, unless the pair was one of weir's before; no more once `stopping` is set. For
// weir's users and tokens publishing takes the permission to write the bucket of the set-up,
// subscribing the permission to read it. Wrong passwords are answered later and later, and then not
// looked at for a while: LoginGuard.
mqtt::Authenticate broker_authentication(const AccessParts& parts, AnonymousRule anonymous);

// Clients that have shown a certificate are who it names, with the rights of weir's user of that
// name, or, where there is none, free to publish and subscribe; all others are asked `otherwise`.
mqtt::Authenticate certificate_authentication(const AccessParts& parts,
                                              mqtt::Authenticate otherwise);

// What the clients of one listener are judged by.
struct ListenerRules {
  std::shared_ptr<const AccessLists> lists;
  AnonymousPolicy anonymous = AnonymousPolicy::loopback;
  bool certificate_as_user = false;
};
// BrokerOptions::may_publish_kept: of who has left a session in the journal only the user's name is
// known, neither the listener nor what it was admitted by. So it may publish what a client of that
// name could be let publish at any listener. Any thread.
std::function<bool(std::string_view user, std::string_view client_id, std::string_view topic)>
kept_publish_rights(const meta::Meta& meta, std::vector<ListenerRules> listeners);

// Bucket names of the organization made at set-up; the empty name is the bucket made with it.
ingest::ResolveBucket bucket_resolver(meta::Meta& meta);

}  // namespace weir::server
