// Copies of a journal that is written to and makes checkpoints.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "base/log.h"
#include "mqtt/journal.h"
#include "mqtt/journal_testing_test.h"

namespace weir::mqtt {
namespace {

namespace fs = std::filesystem;

// Short segments and early checkpoints: files come and go all the time.
JournalLogOptions small_log(const std::string& directory) { return {directory, 4096, 6000}; }

// Without the numbers that come next: those of ops that are not in a copy are given again.
std::string state_text(const JournalImage& image) {
  std::string text = image_text(image);
  return text.substr(text.find('\n'));
}

}  // namespace

TEST_CASE("a backup of a journal that is written to holds all that was durable, in whole batches") {
  constexpr size_t kBatches = 600;
  constexpr int kBackups = 8;
  std::string directory = fs::temp_directory_path() / "weir-journal-XXXXXX";
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  log::set_level(log::Level::warn);
  RandomOps random(20261123);
  JournalImage image;
  std::vector<std::vector<Op>> batches;
  std::vector<std::string> states = {state_text(image)};
  std::vector<uint64_t> positions = {0};  // behind so many batches
  for (size_t i = 0; i < kBatches; i++) {
    batches.push_back(random.batch());
    for (const Op& op : batches.back()) image.apply(op);
    states.push_back(state_text(image));
    positions.push_back(positions.back() + batches.back().size());
  }
  {
    auto opened = Journal::open({small_log(directory + "/broker"), {}}, system_file_system());
    REQUIRE(opened.ok());
    Journal& journal = **opened;
    journal.start();
    std::atomic<bool> is_done = false;
    std::thread writer([&] {
      for (std::vector<Op> ops : batches) {
        uint64_t position = journal.append(ops, true);
        while (journal.durable() + 100 < position) std::this_thread::yield();
      }
      is_done = true;
    });
    for (int i = 0; i < kBackups || !is_done; i++) {
      while (!is_done && journal.durable() < positions.back() / kBackups * uint64_t(i)) {
        std::this_thread::yield();
      }
      auto durable = std::upper_bound(positions.begin(), positions.end(), journal.durable());
      auto before = static_cast<size_t>(durable - positions.begin()) - 1;
      std::string target = directory + "/backup" + std::to_string(i);
      Result<void> taken = journal.backup(target);
      REQUIRE_MESSAGE(taken.ok(), taken.error().message);
      auto copy = JournalLog::open(small_log(target), system_file_system());
      REQUIRE_MESSAGE(copy.ok(), copy.error().message);
      const std::string state = state_text((*copy)->image());
      CHECK(std::find(states.begin() + static_cast<ptrdiff_t>(before), states.end(), state) !=
            states.end());
      copy->reset();
      fs::remove_all(target);
    }
    writer.join();
  }
  log::set_level(log::Level::info);
  fs::remove_all(directory);
}

}  // namespace weir::mqtt
