// What connects the broker and the mapping to identity: who may connect, what they may do, and
// which bucket is meant.
//
// Used by app.cc. A client may be one of weir's users, bring one of its tokens, be in the password
// file, or have no name at all; the access list holds for all of them. What the parts refer to
// outlives what is returned.
#pragma once

#include <atomic>

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

// Bucket names of the organization made at set-up; the empty name is the bucket made with it.
ingest::ResolveBucket bucket_resolver(meta::Meta& meta);

}  // namespace weir::server
