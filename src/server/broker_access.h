// What connects the broker and the mapping to identity: who may connect, and which bucket is meant.
//
// Used by app.cc. `meta`, `workers` and `stopping` outlive what is returned.
#pragma once

#include <atomic>

#include "base/workers.h"
#include "ingest/pipeline.h"
#include "meta/meta.h"
#include "mqtt/broker.h"
#include "server/config.h"

namespace weir::server {

// Clients without a name by policy; others by user name and password, or any name and a token as
// password. Passwords are hashed on a worker, unless the pair was right before; no more once
// `stopping` is set. Publishing takes the permission to write the bucket of the set-up, subscribing
// the permission to read it; it is asked once, when the client connects.
mqtt::Authenticate broker_authentication(meta::Meta& meta, Workers& workers,
                                         AnonymousPolicy anonymous,
                                         const std::atomic<bool>& stopping);

// Clients that have shown a certificate are who it names, with the rights of weir's user of that
// name, or, where there is none, free to publish and subscribe; all others are asked `otherwise`.
mqtt::Authenticate certificate_authentication(meta::Meta& meta, mqtt::Authenticate otherwise);

// Bucket names of the organization made at set-up; the empty name is the bucket made with it.
ingest::ResolveBucket bucket_resolver(meta::Meta& meta);

}  // namespace weir::server
