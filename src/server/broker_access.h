// What connects the broker and the mapping to identity: who may connect, and which bucket is meant.
//
// Used by app.cc. `meta` and `workers` outlive what is returned.
#pragma once

#include "base/workers.h"
#include "ingest/pipeline.h"
#include "meta/meta.h"
#include "mqtt/broker.h"
#include "server/config.h"

namespace weir::server {

// Clients without a name by policy; others by user name and password, or any name and a token as
// password. Passwords are hashed on a worker, unless the pair was right before.
mqtt::Authenticate broker_authentication(meta::Meta& meta, Workers& workers,
                                         AnonymousPolicy anonymous);

// Bucket names of the organization made at set-up; the empty name is the bucket made with it.
ingest::ResolveBucket bucket_resolver(meta::Meta& meta);

}  // namespace weir::server
