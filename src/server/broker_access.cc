#include "server/broker_access.h"

#include <fmt/core.h>

#include <variant>

namespace weir::server {
namespace {

using Done = std::function<void(Result<mqtt::Identity>)>;

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

// What a client was admitted by.
struct Nobody {};
struct FileUser {
  std::string name, mark;  // of its line when it connected
};
struct Certificate {
  std::string name;
};
struct Password {
  UserId user{};
  uint64_t version = 0;  // of the user's password when it connected
};
using Proof = std::variant<Nobody, Password, TokenId, FileUser, Certificate>;

class ClientStanding final : public mqtt::Standing,
                             public std::enable_shared_from_this<ClientStanding> {
 public:
  ClientStanding(const AccessParts& parts, Proof proof, std::string client_id)
      : meta_(parts.meta),
        lists_(parts.lists),
        proof_(std::move(proof)),
        client_id_(std::move(client_id)) {}

  Result<mqtt::Identity> now() const override {
    const AccessLists::Lists lists = lists_->current();
    Result<mqtt::Identity> found =
        std::visit([&](const auto& proof) { return identity_by(proof, lists); }, proof_);
    if (!found.ok()) return found;
    if (lists.topics) found->topics = lists.topics->access_of(found->user, client_id_);
    found->standing = shared_from_this();
    return found;
  }
  std::string why_not_publish() const override {
    const auto bucket = meta_.default_bucket();
    return fmt::format("its {} may not write {}, where messages are stored",
                       std::holds_alternative<TokenId>(proof_) ? "token" : "user",
                       bucket == nullptr ? "all buckets" : "bucket " + bucket->name);
  }

 private:
  static Result<mqtt::Identity> identity_by(const Nobody&, const AccessLists::Lists&) {
    return mqtt::Identity{};
  }
  Result<mqtt::Identity> identity_by(TokenId token, const AccessLists::Lists&) const {
    return identity_of(meta_, meta_.authorizer().again(token));
  }
  Result<mqtt::Identity> identity_by(const Password& password, const AccessLists::Lists&) const {
    auto caller = meta_.authorizer().again(password.user);
    if (caller.ok() && caller->user->password_version != password.version) {
      return Error{Errc::unauthorized, "its user has another password now"};
    }
    return identity_of(meta_, std::move(caller));
  }
  Result<mqtt::Identity> identity_by(const Certificate& certificate,
                                     const AccessLists::Lists&) const {
    if (meta_.users().find(certificate.name) == nullptr) return mqtt::Identity{certificate.name};
    return identity_of(meta_, meta_.authorizer().by_certificate(certificate.name));
  }
  static Result<mqtt::Identity> identity_by(const FileUser& user, const AccessLists::Lists& lists) {
    if (lists.passwords && lists.passwords->mark_of(user.name) == user.mark) {
      return mqtt::Identity{user.name};
    }
    return Error{Errc::unauthorized, "its line in the password file is gone or another one"};
  }

  const meta::Meta& meta_;
  const std::shared_ptr<const AccessLists> lists_;
  const Proof proof_;
  const std::string client_id_;
};

Result<mqtt::Identity> admit(const AccessParts& parts, Proof proof, std::string client_id) {
  return std::make_shared<ClientStanding>(parts, std::move(proof), std::move(client_id))->now();
}

Result<mqtt::Identity> admit(const AccessParts& parts, Result<meta::Caller> caller,
                             std::string client_id) {
  if (!caller.ok()) return std::move(caller).error();
  if (caller->authorization) {
    return admit(parts, Proof(caller->authorization->id), std::move(client_id));
  }
  return admit(parts, Proof(Password{caller->user->id, caller->user->password_version}),
               std::move(client_id));
}

Result<mqtt::Identity> admit_anonymous(const AccessParts& parts, const AnonymousRule& rule,
                                       const mqtt::Credentials& who) {
  bool admitted = rule.policy == AnonymousPolicy::everyone ||
                  (rule.policy == AnonymousPolicy::loopback && who.peer.is_loopback);
  if (!admitted) {
    const bool is_local = rule.policy == AnonymousPolicy::loopback;
    return Error{Errc::unauthorized,
                 fmt::format("it gave no user name, which {} admits from {}; give it a user name "
                             "and password, or set that to {}",
                             rule.setting, is_local ? "this machine alone" : "nobody",
                             is_local ? "true" : "true or loopback")};
  }
  if (!parts.lists->have_topics()) return mqtt::Identity{};  // nothing that could change
  return admit(parts, Proof(Nobody()), who.client_id);
}

Error too_many_failures(const mqtt::Credentials& who) {
  return {Errc::too_many_requests,
          fmt::format("too many wrong passwords from {} or for that user", who.peer.text())};
}

// Blocks. The file is asked first: what Mosquitto's clients bring costs less than a weir password.
// A refusal takes the time of both, whoever is known to either.
Result<mqtt::Identity> check_password(const AccessParts& parts, const mqtt::Credentials& who) {
  const std::string user = who.user.value_or(""), password = who.password.value_or("");
  auto file = parts.lists->current().passwords;
  if (file && file->verify(user, password)) {
    return admit(parts, Proof(FileUser{user, std::string(file->mark_of(user))}), who.client_id);
  }
  return admit(parts, parts.meta.authorizer().by_password(user, password), who.client_id);
}

void check_on_worker(const AccessParts& parts, const mqtt::Credentials& who, const Done& done) {
  // A stop waits for the workers, but not for as many hashes as may have queued up.
  if (parts.stopping) return done(Error{Errc::unavailable, "the server is stopping"});
  const std::string user = who.user.value_or("");
  // Others of the same peer may have failed since this one was queued.
  if (parts.guard.is_barred(who.peer, user, parts.clock.steady_ms())) {
    return done(too_many_failures(who));
  }
  auto found = check_password(parts, who);
  if (found.ok()) {
    parts.guard.succeeded(who.peer, user, parts.clock.steady_ms());
    return done(std::move(found));
  }
  int64_t delay_ms = parts.guard.failed(who.peer, user, parts.clock.steady_ms());
  if (delay_ms == 0) return done(std::move(found));
  parts.later(delay_ms, [done, found = std::move(found)] { done(found); });
}

}  // namespace

mqtt::Authenticate broker_authentication(const AccessParts& parts, AnonymousRule anonymous) {
  return [parts, anonymous = std::move(anonymous)](mqtt::Credentials who, Done done) {
    if (!who.user && !who.password) return done(admit_anonymous(parts, anonymous, who));
    const std::string user = who.user.value_or("");
    if (parts.guard.is_barred(who.peer, user, parts.clock.steady_ms())) {
      return done(too_many_failures(who));
    }
    auto known = parts.meta.authorizer().recall_password(user, who.password.value_or(""));
    if (known.ok()) return done(admit(parts, std::move(known), who.client_id));
    bool queued =
        parts.workers.try_submit([parts, done, who] { check_on_worker(parts, who, done); });
    if (!queued) done(Error{Errc::unavailable, "too many clients are being checked at once"});
  };
}

mqtt::Authenticate certificate_authentication(const AccessParts& parts,
                                              mqtt::Authenticate otherwise) {
  return [parts, otherwise = std::move(otherwise)](mqtt::Credentials who, Done done) {
    const std::string name = who.peer.certificate_name;
    if (name.empty()) return otherwise(std::move(who), std::move(done));
    done(admit(parts, Proof(Certificate{name}), who.client_id));
  };
}

namespace {

// All that a client of that name could have been admitted as.
std::vector<mqtt::Identity> identities_of(const meta::Meta& meta, const ListenerRules& at,
                                          const AccessLists::Lists& lists, std::string_view user) {
  std::vector<mqtt::Identity> found;
  const std::string name(user);
  if (name.empty()) {
    if (at.anonymous != AnonymousPolicy::nobody) found.emplace_back();
    return found;
  }
  const bool is_weirs = meta.users().find(name) != nullptr;
  if (is_weirs) {
    auto identity = identity_of(meta, meta.authorizer().by_certificate(name));
    if (identity.ok()) found.push_back(std::move(*identity));
  }
  const bool is_in_file = lists.passwords && !lists.passwords->mark_of(name).empty();
  if (is_in_file || (at.certificate_as_user && !is_weirs)) found.push_back({name});
  return found;
}

}  // namespace

std::function<bool(std::string_view, std::string_view, std::string_view)> kept_publish_rights(
    const meta::Meta& meta, std::vector<ListenerRules> listeners) {
  return [&meta, listeners = std::move(listeners)](
             std::string_view user, std::string_view client_id, std::string_view topic) {
    for (const ListenerRules& at : listeners) {
      const AccessLists::Lists lists = at.lists->current();
      for (mqtt::Identity& who : identities_of(meta, at, lists, user)) {
        if (lists.topics) who.topics = lists.topics->access_of(user, client_id);
        if (mqtt::may_publish(who, topic)) return true;
      }
    }
    return false;
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
