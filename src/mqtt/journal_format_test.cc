// Journals written by released versions open for ever: test/format/vN/broker is one of each format.
//
// WEIR_WRITE_FORMAT=DIRECTORY writes one with this version; do so only for a new N.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fault_file_system.h"
#include "mqtt/journal_batch.h"
#include "mqtt/journal_testing_test.h"
#include "mqtt/retained_store.h"

namespace weir::mqtt {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDirectory = "/data/broker";
constexpr int64_t kStart = 1'700'000'000'000'000'000;

MessagePtr message(std::string topic, std::string payload, uint8_t qos, bool retain = false) {
  auto made = std::make_shared<Message>();
  made->topic = std::move(topic);
  made->payload = std::move(payload);
  made->qos = qos;
  made->retain = retain;
  made->client_id = "p";
  made->received_ns = kStart;
  return made;
}

MessagePtr message_with_everything() {
  std::unique_ptr<Message> made = copy_of(*message("t/all", std::string("\0\xff", 2), 2, true));
  auto more = std::make_unique<PublishProperties>();
  more->payload_format_indicator = 1;
  more->message_expiry_s = 3600;
  more->content_type = "text/plain";
  more->response_topic = "answer";
  more->correlation_data = std::string("\0\1", 2);
  more->user_properties = {{"k", "v"}, {"k", "w"}};
  made->properties = std::move(more);
  made->user = "ann";
  return MessagePtr(std::move(made));
}

// A journal in memory, its batch, and the retained store that goes with it.
struct Opened {
  Opened(FaultFileSystem& files, uint64_t checkpoint_bytes_min)
      : journal(*Journal::open(
            {{.directory = kDirectory, .checkpoint_bytes_min = checkpoint_bytes_min}, {}}, files)),
        batch(journal.get(), retained, 0) {
    journal->set_waiters({[] {}});
    retained.keep_changes();
    for (const auto& [topic, held] : journal->image().retained()) retained.restore(held);
  }
  void step() {
    batch.hand_over();
    while (journal->step()) {
    }
  }
  RetainedStore retained{100, 100'000};
  std::unique_ptr<Journal> journal;
  JournalBatch batch;
};

// What is told by a checkpoint, and then every kind of op.
void write_journal(FaultFileSystem& files) {
  const std::vector<uint32_t> ids = {7, 268'435'455};
  uint64_t first = 0, second = 0, third = 0;
  {
    Opened opened(files, 1);
    JournalBatch& batch = opened.batch;
    first = batch.begin_session("first", "ann", 3600, kStart);
    second = batch.begin_session("second", "", UINT32_MAX, kStart + 1);
    third = batch.begin_session("third", "", 1, kStart + 2);
    batch.subscribed(first, "t/#", {{2, true, true, RetainHandling::send_if_new}, 7});
    batch.subscribed(first, "$share/g/u", {{1, false, false, RetainHandling::send}, 0});
    batch.will(second, *message("w", "gone", 1), 30);
    batch.disconnected(second, UINT32_MAX, kStart + 3);
    batch.received(first, 77);
    batch.message(1, message_with_everything());
    batch.queued({.key = first, .qos = 2, .retain = true, .ids = &ids});
    batch.queued({.key = second, .qos = 1});
    batch.message(2, message("u", "shared", 1));
    batch.queued({.key = first, .qos = 1, .group = "$share/g/u"});
    batch.message(3, message("t/3", "", 2));
    batch.queued({.key = first, .qos = 2});
    batch.sent(first, 1, 1);
    batch.sent(first, 3, 2);
    batch.released(first, 3);
    opened.retained.store(message("r/1", "kept", 0, true));
    opened.retained.store(message("r/2", "cleared later", 1, true));
    for (int i = 0; i < 500; i++) batch.connected(first, 3600, kStart);  // until it is worth it
    opened.step();
  }
  Opened opened(files, 1 << 30);
  JournalBatch& batch = opened.batch;
  batch.connected(second, 60, kStart + 4);
  batch.will_gone(second);
  batch.subscribed(second, "a/+", {{0, false, false, RetainHandling::do_not_send}, 1});
  batch.subscribed(second, "b", {});
  batch.unsubscribed(second, "b");
  batch.done(second, 1);
  batch.receive_done(first, 77);
  batch.received(first, 78);
  batch.disconnected(first, 3600, kStart + 5);
  batch.ended(third);
  opened.retained.store(message("r/2", "", 1, true));
  opened.step();
  batch.message(9, message("t/9", "x", 1));
  batch.queued({.key = first, .qos = 1, .state = DeliveryState::sent, .packet_id = 3});
  opened.step();
}

std::string read_journal(FaultFileSystem& files) {
  auto log = JournalLog::open({.directory = kDirectory}, files);
  if (!log.ok()) FAIL(log.error().message);
  return image_text((*log)->image());
}

std::string file_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("journals of every format version open and read as they were written") {
  FaultFileSystem fresh;
  write_journal(fresh);
  if (const char* target = std::getenv("WEIR_WRITE_FORMAT")) {
    fs::create_directories(std::string(target) + "/broker");
    std::vector<std::string> names = *list_segments(fresh, kDirectory);
    for (const std::string& name : names) {
      std::ofstream(std::string(target) + "/broker/" + name)
          << *fresh.read(std::string(kDirectory) + "/" + name);
    }
    std::ofstream(std::string(target) + "/broker.txt") << read_journal(fresh);
    fresh.kill();
  }
  std::string fresh_text = read_journal(fresh);
  int opened = 0;
  for (const fs::directory_entry& version : fs::directory_iterator(WEIR_TEST_DIR "/format")) {
    CAPTURE(version.path().string());
    if (!fs::exists(version.path() / "broker")) continue;  // the store's alone changed
    opened++;
    FaultFileSystem files;
    for (const fs::directory_entry& segment : fs::directory_iterator(version.path() / "broker")) {
      files.overwrite(std::string(kDirectory) + "/" + segment.path().filename().string(),
                      file_text(segment.path()));
    }
    std::string expected = file_text(version.path() / "broker.txt");
    CHECK(read_journal(files) == expected);
    CHECK(fresh_text == expected);
  }
  CHECK(opened > 0);
}

TEST_CASE("inspection lists the journal's segments, and says what is damaged") {
  FaultFileSystem files;
  write_journal(files);
  std::vector<WalSegmentInfo> segments;
  auto look = [&] {
    segments.clear();
    return inspect_journal(kDirectory, files,
                           [&](const WalSegmentInfo& segment) { segments.push_back(segment); });
  };
  REQUIRE(look().ok());
  REQUIRE(segments.size() == 2);
  for (const WalSegmentInfo& segment : segments) CHECK(segment.damage.empty());
  CHECK(segments[0].last_lsn + 1 == segments[1].first_lsn);
  std::string path = segments[0].file, bytes = *files.read(path);
  bytes[kWalHeaderBytes + kWalRecordHeaderBytes + 3] ^= 1;
  files.overwrite(path, bytes);
  REQUIRE(look().ok());
  CHECK(segments[0].damage.find("is damaged at offset 20") != std::string::npos);
  CHECK(segments[1].damage.empty());
}

}  // namespace weir::mqtt
