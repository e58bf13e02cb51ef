// The journal's ops, image, files and thread; what of them survives which accident.
#include "mqtt/journal.h"

#include <doctest/doctest.h>

#include "base/fault_file_system.h"
#include "base/log.h"
#include "mqtt/journal_testing_test.h"

namespace weir::mqtt {
namespace {

constexpr const char* kDirectory = "/data/broker";

JournalLogOptions small_log() { return {kDirectory, 4096, 6000}; }

void apply_all(const std::vector<Op>& ops, JournalImage& image) {
  for (const Op& op : ops) image.apply(op);
}

std::string encoded(const std::vector<Op>& ops) {
  std::string bytes;
  for (const Op& op : ops) encode_op(op, bytes);
  return bytes;
}

Result<void> decode_into(std::string_view bytes, JournalImage& image) {
  ByteReader in(bytes);
  while (!in.at_end()) {
    WEIR_TRY(Op op, decode_op(in));
    image.apply(op);
  }
  return {};
}

// The images after each batch, from none on. next() goes ahead by one.
struct History {
  explicit History(uint64_t seed) : random(seed) { texts.push_back(image_text(image)); }
  std::vector<Op> next() {
    std::vector<Op> ops = random.batch();
    apply_all(ops, image);
    texts.push_back(image_text(image));
    return ops;
  }
  RandomOps random;
  JournalImage image;
  std::vector<std::string> texts;
};

Result<void> write_all(JournalLog& log, const std::vector<Op>& ops) {
  size_t done = 0;
  while (done < ops.size()) {
    WEIR_TRY(size_t count, log.write(std::span<const Op>(ops).subspan(done)));
    done += count;
  }
  return {};
}

// Torn tails and failures are what these tests make.
struct Quiet {
  Quiet() { log::set_level(log::Level::off); }
  ~Quiet() { log::set_level(log::Level::info); }
};

// Which of the images of `history`, of at least `from`, the files hold; -1: none of them.
int find_state(FaultFileSystem& files, const History& history, size_t from) {
  auto log = JournalLog::open(small_log(), files);
  if (!log.ok()) MESSAGE(log.error().message);
  REQUIRE(log.ok());
  std::string text = image_text((*log)->image());
  // The numbers that come next may lag behind: those of ops that were lost are given again.
  text.erase(0, text.find('\n'));
  for (size_t i = history.texts.size(); i-- > from;) {
    std::string_view one = history.texts[i];
    if (one.substr(one.find('\n')) == text) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

TEST_CASE("an op reads back as it was, cut anywhere it is refused") {
  RandomOps random(1);
  for (int i = 0; i < 300; i++) {
    for (const Op& op : random.batch()) {
      std::string bytes = encoded({op});
      ByteReader in(bytes);
      Result<Op> again = decode_op(in);
      REQUIRE(again.ok());
      CHECK(in.at_end());
      CHECK(encoded({*again}) == bytes);
      for (size_t size = 0; size < bytes.size(); size++) {
        ByteReader cut(std::string_view(bytes).substr(0, size));
        CHECK_FALSE(decode_op(cut).ok());
      }
    }
  }
}

TEST_CASE("an op with any byte changed is refused or reads as another") {
  RandomOps random(2);
  for (int i = 0; i < 100; i++) {
    std::string bytes = encoded(random.batch());
    for (size_t at = 0; at < bytes.size(); at++) {
      for (int mask : {0x01, 0x20, 0x80, 0xff}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ mask);
        JournalImage image;
        (void)decode_into(changed, image).ok();
        (void)image_text(image);
      }
    }
  }
}

TEST_CASE("what speaks of a message changes nothing where none was told") {
  JournalImage image;
  image.apply({.kind = OpKind::session, .session = 1, .details = std::make_shared<OpDetails>()});
  std::string before = image_text(image);
  for (OpKind kind : {OpKind::queued, OpKind::retained, OpKind::will}) {
    image.apply({.kind = kind, .qos = 1, .session = 1});
    CHECK(image_text(image) == before);
  }
}

TEST_CASE("replayed ops give the image that applying them gave") {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    CAPTURE(seed);
    RandomOps random(seed);
    JournalImage image, replayed;
    for (int i = 0; i < 300; i++) {
      std::vector<Op> ops = random.batch();
      apply_all(ops, image);
      REQUIRE(decode_into(encoded(ops), replayed).ok());
    }
    CHECK(image_text(image) == image_text(replayed));
    image.sweep();
    CHECK(image_text(image) == image_text(replayed));
  }
}

TEST_CASE("a walk between other ops tells the image of its end, whatever came before it is lost") {
  for (uint64_t seed = 1; seed <= 40; seed++) {
    CAPTURE(seed);
    RandomOps random(seed);
    JournalImage image, from_walk, from_middle;
    for (int i = 0; i < 100; i++) apply_all(random.batch(), image);
    for (int i = 0; i < 20; i++) {  // a log that lost its beginning before the walk
      std::vector<Op> ops = random.batch();
      apply_all(ops, image);
      REQUIRE(decode_into(encoded(ops), from_middle).ok());
    }
    JournalWalk walk;
    std::string told;
    bool more = true;
    while (more) {
      size_t before = told.size();
      more = walk.next(image, 1 + seed * 20, told);
      REQUIRE(decode_into(std::string_view(told).substr(before), from_walk).ok());
      REQUIRE(decode_into(std::string_view(told).substr(before), from_middle).ok());
      std::vector<Op> ops = random.batch();
      if (told.size() < 200'000) {
        apply_all(ops, image);
        REQUIRE(decode_into(encoded(ops), from_walk).ok());
        REQUIRE(decode_into(encoded(ops), from_middle).ok());
      }
    }
    // The first line is about numbers, which the checkpoint op tells.
    auto facts = [](const JournalImage& one) {
      std::string text = image_text(one);
      return text.substr(text.find('\n'));
    };
    CHECK(facts(from_walk) == facts(image));
    CHECK(facts(from_middle) == facts(image));
  }
}

TEST_CASE("a message to thousands of sessions is acknowledged by each in time") {
  JournalImage image;
  std::vector<Op> ops;
  constexpr uint64_t kSessions = 20'000;
  for (uint64_t key = 1; key <= kSessions; key++) {
    Op op;
    op.kind = OpKind::session;
    op.session = key;
    op.details = std::make_shared<OpDetails>();
    image.apply(op);
  }
  Op message;
  message.kind = OpKind::message;
  message.number = 1;
  message.message = std::make_shared<Message>();
  image.apply(message);
  for (uint64_t key = kSessions; key > 0; key--) {
    Op op;
    op.kind = OpKind::queued;
    op.session = key;
    op.qos = 1;
    image.apply(op);
  }
  size_t full = image.bytes();
  for (uint64_t key = 1; key <= kSessions; key++) {
    CHECK(image.entries().size() == 1);
    Op op;
    op.kind = OpKind::done;
    op.session = key;
    op.number = 1;
    image.apply(op);
  }
  CHECK(image.entries().empty());
  CHECK(image.bytes() < full);
}

TEST_CASE("messages for sessions that ended are let go of") {
  RandomOps random(5);
  JournalImage image;
  for (int i = 0; i < 2000; i++) apply_all(random.batch(), image);
  std::vector<uint64_t> keys;
  for (const auto& [key, session] : image.sessions()) keys.push_back(key);
  for (uint64_t key : keys) {
    Op op;
    op.kind = OpKind::ended;
    op.session = key;
    image.apply(op);
  }
  image.sweep();
  CHECK(image.entries().empty());
  size_t retained = image.bytes();
  JournalImage empty;
  for (const auto& [topic, message] : std::map(image.retained())) {
    Op op;
    op.kind = OpKind::cleared;
    auto details = std::make_shared<OpDetails>();
    details->name = topic;
    op.details = std::move(details);
    image.apply(op);
  }
  CHECK(retained > 0);
  CHECK(image.bytes() == 0);
}

TEST_CASE("what was synced is found after a power cut, and nothing that was never said") {
  Quiet quiet;
  uint64_t checkpoints = 0;
  for (uint64_t seed = 1; seed <= 30; seed++) {
    CAPTURE(seed);
    FaultFileSystem files;
    History history(seed);
    std::mt19937_64 random(seed);
    size_t synced = 0;
    for (int life = 0; life < 4; life++) {
      auto opened = JournalLog::open(small_log(), files);
      REQUIRE_MESSAGE(opened.ok(), opened.error().message);
      JournalLog& log = **opened;
      for (size_t i = 0; i < 40 + random() % 60; i++) {
        REQUIRE(write_all(log, history.next()).ok());
        if (random() % 3 == 0) {
          REQUIRE(log.sync().ok());
          synced = history.texts.size() - 1;
        }
        REQUIRE(log.checkpoint().ok());
      }
      checkpoints += log.checkpoints();
      REQUIRE(log.sync().ok());
      synced = history.texts.size() - 1;
      opened->reset();
      files.crash(random() % 40);
      CHECK(find_state(files, history, synced) >= 0);
      files.crash();  // the lock of the look
    }
  }
  CHECK(checkpoints > 20);
}

TEST_CASE("a power cut at any operation loses nothing that was synced") {
  Quiet quiet;
  for (uint64_t torn : {0, 1, 30, 5000}) {
    bool was_clean = false;
    for (uint64_t n = 1; !was_clean; n++) {
      CAPTURE(n);
      FaultFileSystem files;
      History history(7);
      size_t synced = 0;
      {
        auto opened = JournalLog::open(small_log(), files);
        REQUIRE(opened.ok());
        files.fail_operation(n, true);
        for (int i = 0; i < 60; i++) {
          if (!write_all(**opened, history.next()).ok()) break;
          if ((*opened)->sync().ok() && !files.has_failed()) synced = history.texts.size() - 1;
          (void)(*opened)->checkpoint().ok();
          if (files.has_failed()) break;
        }
      }
      was_clean = !files.has_failed();
      files.fail_operation(0);
      files.crash(torn);
      int found = find_state(files, history, synced);
      CHECK(found >= 0);
    }
  }
}

TEST_CASE("a failure of any operation but a sync is survived by trying again") {
  Quiet quiet;
  bool was_clean = false;
  for (uint64_t n = 1; !was_clean; n++) {
    CAPTURE(n);
    FaultFileSystem files;
    History history(8);
    size_t written = 0;
    bool was_lost = false;
    {
      auto opened = JournalLog::open(small_log(), files);
      REQUIRE(opened.ok());
      JournalLog& log = **opened;
      files.fail_operation(n);
      for (int i = 0; i < 60 && !was_lost; i++) {
        std::vector<Op> ops = history.next();
        size_t done = 0;
        for (int attempts = 0; done < ops.size() && attempts < 5 && !log.is_lost(); attempts++) {
          auto count = log.write(std::span<const Op>(ops).subspan(done));
          if (count.ok()) done += *count;
        }
        if (!log.is_lost() && log.sync().ok()) written = history.texts.size() - 1;
        if (!log.is_lost()) (void)log.checkpoint().ok();
        was_lost = log.is_lost();
      }
      CHECK((was_lost || written == 60));
      if (!was_lost) CHECK(image_text(log.image()) == history.texts.back());
    }
    was_clean = !files.has_failed();
    files.fail_operation(0);
    files.crash();
    CHECK(find_state(files, history, written) >= 0);
  }
}

TEST_CASE("a journal cut at any byte opens with a prefix of what was written") {
  Quiet quiet;
  FaultFileSystem files;
  History history(9);
  JournalLogOptions options{kDirectory, 1 << 20, 1 << 20};
  {
    auto log = JournalLog::open(options, files);
    REQUIRE(log.ok());
    for (int i = 0; i < 12; i++) REQUIRE(write_all(**log, history.next()).ok());
    REQUIRE((*log)->sync().ok());
  }
  files.crash();
  std::string path = std::string(kDirectory) + "/" + segment_name(1);
  std::string whole = *files.read(path);
  int last = -1;
  for (size_t size = 0; size <= whole.size(); size++) {
    CAPTURE(size);
    FaultFileSystem cut;
    cut.overwrite(path, whole.substr(0, size));
    int found = find_state(cut, history, 0);
    CHECK(found >= 0);
    last = found;
  }
  CHECK(last == 12);
}

TEST_CASE("a flipped byte in a journal is refused with file and offset, or costs the last record") {
  Quiet quiet;
  FaultFileSystem files;
  History history(10);
  JournalLogOptions options{kDirectory, 1 << 20, 1 << 20};
  size_t last_record = 0;
  {
    auto log = JournalLog::open(options, files);
    REQUIRE(log.ok());
    for (int i = 0; i < 8; i++) {
      last_record = (*log)->bytes();
      REQUIRE(write_all(**log, history.next()).ok());
      REQUIRE((*log)->sync().ok());
    }
  }
  std::string path = std::string(kDirectory) + "/" + segment_name(1);
  std::string whole = *files.read(path);
  for (size_t at = 0; at < whole.size(); at++) {
    CAPTURE(at);
    FaultFileSystem damaged;
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    damaged.overwrite(path, bytes);
    auto log = JournalLog::open(options, damaged);
    if (at >= last_record) {
      REQUIRE(log.ok());
      log->reset();
      CHECK(find_state(damaged, history, 7) == 7);
    } else {
      REQUIRE_FALSE(log.ok());
      const std::string& message = log.error().message;
      CHECK(message.find(path + " is damaged at offset ") != std::string::npos);
      CHECK(message.find("move it away") != std::string::npos);
      CHECK(*damaged.read(path) == bytes);  // nothing was dropped
    }
  }
}

TEST_CASE("a journal whose first segment is missing is refused unless a checkpoint tells it all") {
  Quiet quiet;
  FaultFileSystem files;
  History history(11);
  {
    JournalLogOptions options{kDirectory, 2048, 1 << 30};
    auto log = JournalLog::open(options, files);
    REQUIRE(log.ok());
    for (int i = 0; i < 100; i++) REQUIRE(write_all(**log, history.next()).ok());
  }
  files.kill();
  std::string first = files.list(kDirectory)->front();
  REQUIRE(files.remove(std::string(kDirectory) + "/" + first).ok());
  auto log = JournalLog::open(small_log(), files);
  REQUIRE_FALSE(log.ok());
  CHECK(log.error().message.find("a segment before it is missing") != std::string::npos);
}

TEST_CASE("a session's key and a message's number are never given twice") {
  FaultFileSystem files;
  uint64_t sessions = 0, numbers = 0;
  for (uint64_t seed = 1; seed <= 6; seed++) {
    JournalLogOptions options{kDirectory, 512, 600};
    auto log = JournalLog::open(options, files);
    REQUIRE_MESSAGE(log.ok(), log.error().message);
    CHECK((*log)->image().next_session() >= sessions);
    CHECK((*log)->image().next_number() >= numbers);
    Op op;
    op.kind = OpKind::session;
    op.session = (*log)->image().next_session() + 10;
    op.details = std::make_shared<OpDetails>();
    sessions = op.session + 1;
    Op message;
    message.kind = OpKind::message;
    message.number = (*log)->image().next_number() + 10;
    numbers = message.number + 1;
    message.message = std::make_shared<Message>();
    Op ended;
    ended.kind = OpKind::ended;
    ended.session = op.session;
    REQUIRE(write_all(**log, {op, message, ended}).ok());
    for (int i = 0; i < 40; i++) {
      REQUIRE(write_all(**log, {op, ended}).ok());
      REQUIRE((*log)->checkpoint().ok());
    }
    CHECK((*log)->checkpoints() > 0);
    log->reset();
    files.crash();
  }
}

TEST_CASE("several threads append while checkpoints run; what is durable is found after a cut") {
  Quiet quiet;
  FaultFileSystem files;
  auto opened = Journal::open({{kDirectory, 64 * 1024, 128 * 1024}, {}}, files);
  REQUIRE(opened.ok());
  Journal& journal = **opened;
  constexpr size_t kThreads = 3;
  std::atomic<int> woken[kThreads] = {};
  std::vector<std::function<void()>> wakes;
  for (auto& count : woken) wakes.push_back([&count] { count++; });
  journal.set_waiters(wakes);
  journal.start();
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; thread++) {
    threads.emplace_back([&journal, thread] {
      std::vector<Op> ops;
      Op begun;
      begun.kind = OpKind::session;
      uint64_t key = begun.session = journal.next_session();
      auto details = std::make_shared<OpDetails>();
      details->name = "client " + std::to_string(thread);
      begun.details = std::move(details);
      ops.push_back(begun);
      for (int i = 0; i < 3000; i++) {
        Op message, queued;
        message.kind = OpKind::message;
        message.number = journal.next_number();
        auto made = std::make_shared<Message>();
        made->topic = "t";
        made->payload = std::to_string(i) + std::string(100, ' ');
        message.message = made;
        queued.kind = OpKind::queued;
        queued.session = key;
        queued.qos = 1;
        ops.push_back(message);
        ops.push_back(queued);
        if (i % 3 != 0) {
          Op done;
          done.kind = OpKind::done;
          done.session = key;
          done.number = message.number;
          ops.push_back(done);
        }
        uint64_t position = journal.append(ops, true);
        REQUIRE(ops.empty());
        if (i % 100 != 0) continue;
        journal.want(thread);
        while (journal.durable() < position) std::this_thread::yield();
      }
      std::vector<Op> none;
      uint64_t end = journal.append(none, true);
      while (journal.durable() < end) std::this_thread::yield();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& count : woken) CHECK(count > 0);
  files.crash();  // the journal may not write any more
  opened->reset();
  auto log = JournalLog::open({kDirectory, 64 * 1024, 128 * 1024}, files);
  REQUIRE_MESSAGE(log.ok(), log.error().message);
  CHECK((*log)->image().sessions().size() == kThreads);
  for (const auto& [key, session] : (*log)->image().sessions()) CHECK(session.deliveries == 1000);
  CHECK(files.list(kDirectory)->size() < 30);  // of about 60 without checkpoints
}

TEST_CASE("a full disk stalls the journal until there is room; a failed sync ends it") {
  Quiet quiet;
  FaultFileSystem files;
  auto opened = Journal::open({{kDirectory, 4096, 1 << 20}, {}}, files);
  REQUIRE(opened.ok());
  Journal& journal = **opened;
  int woken = 0;
  journal.set_waiters({[&] { woken++; }});
  RandomOps random(3);
  files.set_capacity(0);
  std::vector<Op> ops = random.batch();
  uint64_t position = journal.append(ops, true);
  journal.want(0);
  CHECK_FALSE(journal.step());
  CHECK(journal.is_stalled());
  CHECK(journal.is_congested());
  CHECK(journal.durable() < position);
  CHECK(woken == 0);
  CHECK_FALSE(journal.step());
  files.set_capacity(UINT64_MAX);
  CHECK(journal.step());
  CHECK(journal.durable() == position);
  CHECK_FALSE(journal.is_congested());
  CHECK(woken == 1);
  ops = random.batch();
  position = journal.append(ops, true);
  journal.want(0);
  files.fail_operation(2);  // the write, then the sync
  CHECK_FALSE(journal.step());
  CHECK(journal.is_failed());
  CHECK(journal.durable() < position);
  CHECK(woken == 2);
  ops = random.batch();
  position = journal.append(ops, true);
  CHECK_FALSE(journal.step());
  CHECK(journal.durable() < position);
}

}  // namespace weir::mqtt
