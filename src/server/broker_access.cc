#include "server/broker_access.h"

#include <fmt/core.h>

namespace weir::server {
namespace {

using Done = std::function<void(Result<mqtt::Identity>)>;

Result<mqtt::Identity> admit_anonymous(AnonymousPolicy policy, const net::Peer& peer) {
  bool admitted = policy == AnonymousPolicy::everyone ||
                  (policy == AnonymousPolicy::loopback && peer.is_loopback);
  if (admitted) return mqtt::Identity{};
  return Error{
      Errc::unauthorized,
      fmt::format("{} gave no user name, and mqtt.allow_anonymous does not admit it", peer.text())};
}

// Messages are mapped into the bucket of the set-up: who may write that may publish, who may read
// it may subscribe. Without that bucket it takes all buckets of its organisation.
Result<mqtt::Identity> identity_of(const meta::Meta& meta, Result<meta::Caller> caller) {
  if (!caller.ok()) return std::move(caller).error();
  meta::Resource messages{"buckets", std::nullopt, std::nullopt};
  if (auto bucket = meta.default_bucket()) {
    messages.id = static_cast<uint64_t>(bucket->id);
    messages.org = bucket->org;
  } else if (auto organization = meta.default_organisation()) {
    messages.org = organization->id;
  }
  return mqtt::Identity{caller->user->name, caller->may(meta::Action::write, messages),
                        caller->may(meta::Action::read, messages)};
}

}  // namespace

mqtt::Authenticate broker_authentication(meta::Meta& meta, Workers& workers,
                                         AnonymousPolicy anonymous,
                                         const std::atomic<bool>& stopping) {
  return [&meta, &workers, anonymous, &stopping](mqtt::Credentials credentials, Done done) {
    if (!credentials.user && !credentials.password) {
      return done(admit_anonymous(anonymous, credentials.peer));
    }
    std::string user = credentials.user.value_or("");
    std::string password = credentials.password.value_or("");
    auto known = meta.authorizer().recall_password(user, password);
    if (!known.ok()) known = meta.authorizer().by_token(password);
    if (known.ok()) return done(identity_of(meta, std::move(known)));
    bool queued = workers.try_submit([&meta, user, password, done, &stopping] {
      // A stop waits for the workers, but not for as many hashes as may have queued up.
      if (stopping) return done(Error{Errc::unavailable, "the server is stopping"});
      done(identity_of(meta, meta.authorizer().by_password(user, password)));
    });
    if (!queued) done(Error{Errc::unavailable, "too many clients are being checked at once"});
  };
}

mqtt::Authenticate certificate_authentication(meta::Meta& meta, mqtt::Authenticate otherwise) {
  return [&meta, otherwise = std::move(otherwise)](mqtt::Credentials credentials, Done done) {
    const std::string name = credentials.peer.certificate_name;
    if (name.empty()) return otherwise(std::move(credentials), std::move(done));
    if (meta.users().find(name) == nullptr) return done(mqtt::Identity{name});
    done(identity_of(meta, meta.authorizer().by_certificate(name)));
  };
}

ingest::ResolveBucket bucket_resolver(meta::Meta& meta) {
  return [&meta](std::string_view name) -> std::optional<BucketId> {
    if (name.empty()) {
      auto bucket = meta.default_bucket();
      if (bucket == nullptr) return std::nullopt;
      return bucket->id;
    }
    auto organization = meta.default_organisation();
    if (organization == nullptr) return std::nullopt;
    auto bucket = meta.buckets().find(organization->id, name);
    if (bucket == nullptr) return std::nullopt;
    return bucket->id;
  };
}

}  // namespace weir::server
