// Runs the cases of test/mqtt/*.case against a whole broker on fake streams and a fake clock.
// The notation is described in test/mqtt/README.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/fault_file_system.h"
#include "base/log.h"
#include "mqtt/acl_file.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

struct Line {
  int number = 0;
  std::string text;
};
struct Case {
  std::string file, title;
  bool for_31 = true, for_311 = true, for_5 = true;
  std::vector<Line> lines;
};

[[noreturn]] void fail(const std::string& why) { throw std::runtime_error(why); }

// A sink that stores when the case says so.
class HoldingSink final : public PublishSink {
 public:
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    calls++;
    for (const MessagePtr& message : messages) topics.push_back(message->topic);
    if (holds) {
      held.push_back(std::move(stored));
    } else {
      stored({});
    }
  }
  bool congested() const override { return is_congested; }

  bool holds = false, is_congested = false;
  int calls = 0;
  std::vector<std::string> topics;
  std::deque<Stored> held;
};

// The users and the access list of a case, which it may change while clients are connected.
struct Access : std::enable_shared_from_this<Access> {
  std::shared_ptr<const AclFile> list;
  std::set<std::string> removed;
};

class CaseStanding final : public Standing {
 public:
  CaseStanding(std::shared_ptr<Access> access, Identity identity, std::string client_id)
      : access_(std::move(access)),
        identity_(std::move(identity)),
        client_id_(std::move(client_id)) {}
  Result<Identity> now() const override {
    if (access_->removed.contains(identity_.user)) return Error{Errc::unauthorized, "removed"};
    Identity found = identity_;
    if (access_->list) found.topics = access_->list->access_of(found.user, client_id_);
    found.standing = std::make_shared<CaseStanding>(access_, identity_, client_id_);
    return found;
  }
  std::string why_not_publish() const override { return "the case says so"; }

 private:
  const std::shared_ptr<Access> access_;
  const Identity identity_;
  const std::string client_id_;
};

class CaseRun {
 public:
  CaseRun(const Case& the_case, int version, bool with_journal)
      : case_(the_case), version_(version), with_journal_(with_journal), loops_(2) {}

  void run() {
    for (const Line& line : case_.lines) {
      try {
        step(line.text);
      } catch (const std::exception& error) {
        fail("line " + std::to_string(line.number) + ": " + line.text + "\n  " + error.what());
      }
    }
    for (auto& [name, peer] : peers_) {
      if (!peer->received().empty()) {
        fail("left over for " + name + ": " + show_packet(peer->received()));
      }
    }
    if (hub_) end_broker();
  }

 private:
  // Until nothing is left to do, for the disk neither unless it holds.
  void settle() {
    loops_.run();
    if (!hub_ || !hub_->journal || disk_holds_) return;
    while (hub_->journal->step()) loops_.run();
    loops_.run();
  }

  void end_broker() {
    disk_holds_ = false;
    hub_->stopping = true;
    for (auto& thread : hub_->threads) thread->close_all();
    loops_.run();
    if (hub_->journal) hub_->journal->stop();
    sink_.held.clear();
    hub_.reset();
  }

  // restart | restart after MS | crash | crash after MS: the broker goes and comes again.
  void begin_anew(const std::string& how, std::istringstream& words) {
    hub();
    for (auto& [name, peer] : peers_) {
      if (!peer->received().empty()) fail("left over: " + show_packet(peer->received()));
    }
    log::set_level(log::Level::off);  // a crash is a failure of the disk to the old broker
    if (how == "crash") files_.crash();
    end_broker();
    peers_.clear();
    files_.kill();
    files_.fail_operation(0);
    log::set_level(log::Level::warn);
    int64_t away_ms = 0;
    words >> away_ms;
    loops_.clock.advance_ms(away_ms);
    hub();
    settle();
  }

  void steer_disk(const std::string& what) {
    hub();
    if (what == "holds")
      disk_holds_ = true;
    else if (what == "syncs")
      disk_holds_ = false;
    else if (what == "full")
      files_.set_capacity(0);
    else if (what == "free")
      files_.set_capacity(UINT64_MAX);
    else if (what == "fails")
      files_.fail_operation(2, true);  // the sync after a write
    else
      fail("no such thing to do with a disk");
    settle();
  }

  void step(std::string text) {
    if (text.starts_with("v5: ")) {
      if (version_ != 5) return;
      text.erase(0, 4);
    } else if (text.starts_with("v3: ")) {
      if (version_ == 5) return;
      text.erase(0, 4);
    } else if (text.starts_with("v31: ")) {
      if (version_ != 3) return;
      text.erase(0, 5);
    } else if (text.starts_with("v311: ")) {
      if (version_ != 4) return;
      text.erase(0, 6);
    }
    std::istringstream words(text);
    std::string first, second;
    words >> first >> second;
    if (first == "option") return set_option(second);
    if (first == "acl") return acl_.append(text.substr(4) + "\n"), void();
    if (first == "new") return acl_.clear();
    if (first == "removed") return access_->removed.insert(second), void();
    if (first == "review") return review();
    if (first == "advance") return loops_.advance_ms(std::stol(second)), settle();
    if (first == "disk") return steer_disk(second);
    if (first == "restart" || first == "crash") return begin_anew(first, words);
    if (first == "sink") return steer_sink(second, words);
    if (first == "clients") return expect_clients(second);
    std::string rest;
    std::getline(words >> std::ws, rest);
    FakePeer& peer = peer_of(first);
    if (second == ">") {
      send(peer, rest);
    } else if (second == "<") {
      expect(peer, rest);
    } else if (second == "vanishes") {
      peer.vanish();
    } else if (second == "stuck") {
      peer.set_stuck(true);
    } else if (second == "drains") {
      peer.set_stuck(false);
    } else {
      fail("not understood");
    }
    settle();
  }

  void set_option(const std::string& option) {
    size_t equals = option.find('=');
    std::string name = option.substr(0, equals);
    auto value = static_cast<unsigned>(std::stoul(option.substr(equals + 1)));
    if (name == "receive_maximum")
      options_.receive_maximum = static_cast<uint16_t>(value);
    else if (name == "packet_bytes_max")
      options_.packet_bytes_max = value;
    else if (name == "queued_messages_max")
      options_.queued_messages_max = value;
    else if (name == "queued_bytes_max")
      options_.queued_bytes_max = value;
    else if (name == "unsent_bytes_max")
      options_.unsent_bytes_max = value;
    else if (name == "keep_alive_s_max")
      options_.keep_alive_s_max = static_cast<uint16_t>(value);
    else if (name == "retained_messages_max")
      options_.retained_messages_max = value;
    else if (name == "connections_max")
      options_.connections_max = value;
    else if (name == "connections_per_second_max")
      options_.connections_per_second_max = value;
    else if (name == "connections_per_address_max")
      options_.connections_per_address_max = value;
    else if (name == "messages_per_second_max")
      options_.messages_per_second_max = value;
    else if (name == "bytes_per_second_max")
      options_.bytes_per_second_max = value;
    else if (name == "sessions_max")
      options_.sessions_max = value;
    else if (name == "qos_max")
      options_.qos_max = static_cast<uint8_t>(value);
    else if (name == "retain_available")
      options_.retain_available = value != 0;
    else if (name == "topic_alias_max")
      options_.topic_alias_max = static_cast<uint16_t>(value);
    else if (name == "passwords")
      passwords_ = value != 0;
    else
      fail("no such option");
  }

  // sink holds | sink stores | sink fails | sink congested | sink relieved | sink calls N
  void steer_sink(const std::string& what, std::istringstream& words) {
    hub();
    if (what == "holds")
      sink_.holds = true;
    else if (what == "congested")
      sink_.is_congested = true;
    else if (what == "relieved")
      sink_.is_congested = false;
    else if (what == "stores" || what == "fails") {
      if (sink_.held.empty()) fail("the sink holds nothing");
      PublishSink::Stored stored = std::move(sink_.held.front());
      sink_.held.pop_front();
      stored(what == "stores" ? Result<void>() : Result<void>(Error{Errc::io, "disk full"}));
      settle();
    } else if (what == "stores-last") {
      PublishSink::Stored stored = std::move(sink_.held.back());
      sink_.held.pop_back();
      stored({});
      settle();
    } else if (what == "calls") {
      int wanted = 0;
      words >> wanted;
      if (sink_.calls != wanted) fail("calls: " + std::to_string(sink_.calls));
    } else if (what == "topics") {
      std::string wanted, got;
      std::getline(words >> std::ws, wanted);
      for (const std::string& topic : sink_.topics) got += (got.empty() ? "" : " ") + topic;
      if (got != wanted) fail("topics: " + got);
    } else {
      fail("no such thing to do with a sink");
    }
  }

  void expect_clients(const std::string& wanted) {
    std::vector<std::string> names;
    for (const ClientInfo& info : hub().clients({.state = ClientQuery::State::connected}).clients)
      names.push_back(info.client_id);
    std::sort(names.begin(), names.end());
    std::string got;
    for (const std::string& name : names) got += (got.empty() ? "" : ",") + name;
    if (got != wanted && !(got.empty() && wanted == "none")) fail("clients: " + got);
  }

  Hub& hub() {
    if (hub_) return *hub_;
    std::unique_ptr<Journal> journal;
    if (with_journal_) {
      Journal::Options options{{.directory = "/data/broker"}, {}};
      auto opened = Journal::open(std::move(options), files_);
      if (!opened.ok()) fail(opened.error().message);
      journal = std::move(opened).value();
    }
    options_.may_publish_kept = [access = access_](auto user, auto client_id, auto topic) {
      if (access->removed.contains(std::string(user))) return false;
      return !access->list || access->list->access_of(user, client_id)->may_publish(topic);
    };
    hub_ = std::make_shared<Hub>(loops_.clock, options_, std::vector<PublishSink*>{&sink_},
                                 std::move(journal));
    auto policy = std::make_shared<ListenerPolicy>();
    policy->authenticate = authenticate();
    policy_ = std::move(policy);
    hub_->add_threads(loops_.all());
    hub_->recover();
    loops_.run();
    return *hub_;
  }

  Authenticate authenticate() {
    Authenticate by_password = check_passwords();
    if (acl_.empty()) return by_password;
    read_acl();
    return [by_password, access = access_](Credentials who, auto answer) {
      auto with_topics = [access, answer, client_id = who.client_id](Result<Identity> found) {
        if (found.ok()) found = CaseStanding(access, *found, client_id).now();
        answer(std::move(found));
      };
      if (by_password) return by_password(std::move(who), with_topics);
      with_topics(Identity{who.user.value_or("")});
    };
  }

  // The lines that `acl` gave hold from now on.
  void read_acl() {
    auto list = AclFile::parse(acl_, "acl");
    if (!list.ok()) fail(list.error().message);
    access_->list = *list;
  }
  void review() {
    if (!acl_.empty()) read_acl();
    hub().review_identities();
    loops_.advance_ms(50);
    settle();
  }

  Authenticate check_passwords() const {
    if (!passwords_) return {};
    return [](Credentials who, std::function<void(Result<Identity>)> answer) {
      if (who.user == "banned") return answer(Error{Errc::forbidden, "not allowed here"});
      if (who.user == "reader") return answer(Identity{"reader", false, true});
      if (who.user == "writer") return answer(Identity{"writer", true, false});
      if (who.user != "u" || who.password != "p") {
        return answer(Error{Errc::unauthorized, "unknown user or wrong password"});
      }
      answer(Identity{"u"});
    };
  }

  // "a" is a client on thread 0, "a@1" one on thread 1. The first mention connects it.
  FakePeer& peer_of(const std::string& name) {
    auto& peer = peers_[name];
    if (peer) return *peer;
    size_t at = name.find('@');
    size_t thread = at == std::string::npos ? 0 : std::stoul(name.substr(at + 1));
    peer = std::make_unique<FakePeer>(*loops_.threads[thread]);
    hub().threads[thread]->adopt(peer->make_stream(), policy_);
    return *peer;
  }

  // Several packets in one read: PUBLISH ... & PUBLISH ...
  void send(FakePeer& peer, const std::string& text) {
    std::string bytes;
    for (size_t at = 0; at <= text.size();) {
      size_t end = std::min(text.find(" & ", at), text.size());
      bytes += assemble_packet(text.substr(at, end - at), version_);
      at = end + 3;
    }
    peer.send(bytes);
  }

  void expect(FakePeer& peer, const std::string& text) {
    std::string& received = peer.received();
    if (text == "nothing" || text == "closed") {
      if (!received.empty()) fail("got " + show_packet(received));
      if (peer.is_closed() != (text == "closed")) {
        fail(peer.is_closed() ? "the connection was closed" : "the connection is open");
      }
      return;
    }
    if (text == "anything") return received.clear();
    if (text.starts_with("type ")) {  // a packet whose bytes are chance
      if (received.empty() || !show_packet(received).starts_with(text.substr(5) + ":")) {
        fail("got " + show_packet(received));
      }
      return received.clear();
    }
    std::string wanted = assemble_packet(text, version_);
    if (!received.starts_with(wanted)) {
      fail("wanted " + show_packet(wanted) + "\n  got    " + show_packet(received));
    }
    received.erase(0, wanted.size());
  }

  const Case& case_;
  int version_;
  bool with_journal_;
  bool disk_holds_ = false;
  FaultFileSystem files_;
  FakeLoops loops_;
  BrokerOptions options_;
  bool passwords_ = false;
  std::string acl_;
  std::shared_ptr<Access> access_ = std::make_shared<Access>();
  HoldingSink sink_;
  std::shared_ptr<Hub> hub_;
  ListenerPolicyPtr policy_;
  std::map<std::string, std::unique_ptr<FakePeer>> peers_;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string text;
  for (int number = 1; std::getline(file, text); number++) {
    if (text.empty() || text[0] == '#') continue;
    if (text.starts_with("=== ")) {
      Case& added = cases.emplace_back();
      added.file = path.filename().string();
      added.title = text.substr(4);
      if (added.title.ends_with("]")) {
        std::string only = added.title.substr(added.title.rfind('['));
        added.for_5 = only == "[5]";
        added.for_311 = only == "[3.1.1]" || only == "[3]";
        added.for_31 = only == "[3.1]" || only == "[3]";
      }
    } else {
      REQUIRE_MESSAGE(!cases.empty(), "a line before the first title in " << path.string());
      cases.back().lines.push_back({number, text});
    }
  }
  return cases;
}

// A broker that writes everything down behaves as one that writes nothing.
void run_case(const Case& one, int version, bool with_journal = true) {
  log::set_level(log::Level::warn);  // what the cases provoke is looked at on the wire
  bool needs_journal = std::any_of(one.lines.begin(), one.lines.end(), [](const Line& line) {
    return line.text.starts_with("restart") || line.text.starts_with("crash") ||
           line.text.starts_with("disk ");
  });
  if (with_journal && !needs_journal) run_case(one, version, false);
  CaseRun run(one, version, with_journal);
  try {
    run.run();
  } catch (const std::exception& error) {
    std::string what = one.file + ": " + one.title + " (level " + std::to_string(version) +
                       (with_journal ? ", with a journal)\n  " : ")\n  ") + error.what();
    FAIL_CHECK(what);
  }
}

TEST_CASE("every case of test/mqtt holds, in each version that has it") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/mqtt")) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 9);
  int ran = 0;
  for (const auto& file : files) {
    for (const Case& one : read_cases(file)) {
      if (one.for_31) run_case(one, 3), ran++;
      if (one.for_311) run_case(one, 4), ran++;
      if (one.for_5) run_case(one, 5), ran++;
    }
  }
  MESSAGE(ran << " cases ran");
}

}  // namespace
}  // namespace weir::mqtt
