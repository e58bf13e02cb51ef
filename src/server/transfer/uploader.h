// Sends batches of lines to a running server, several at a time, until each is stored.
//
// A server that is busy, restarting or out of reach is asked again with growing pauses; what it
// refuses is narrowed down to the lines it means, which go to the rejects. Sending a line again
// writes the same point again, so nothing is counted on being sent once. Threads: one submits;
// the uploader's own send. submit() waits while kWaitingMax batches wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "server/commands/commands.h"
#include "server/transfer/line_batch.h"
#include "server/transfer/rejects.h"

namespace weir::server {

struct UploadOptions {
  ServerAccess access;
  unsigned requests_in_flight = 4;
  int64_t retry_ms_max = 600'000;  // how long one batch is tried before the import gives up
};

struct UploadProgress {
  uint64_t points_stored = 0;
  // The position of the last batch before which every batch is done, and the points stored up to
  // there; empty: none yet.
  std::string position;
  uint64_t points_at_position = 0;
  bool is_waiting = false;  // some request is being tried again
};

class Uploader {
 public:
  Uploader(UploadOptions options, Rejects& rejects);
  ~Uploader();

  // False once a batch failed for good: finish() says why.
  bool submit(LineBatch batch);
  // Waits for all batches. The error names the server and what to do.
  Result<void> finish();
  UploadProgress progress() const;

 private:
  struct Done {
    std::string position;
    uint64_t points;
  };
  struct Job {
    uint64_t number;
    LineBatch batch;
  };
  struct State {
    std::deque<Job> queue;
    bool stopping = false;
    std::optional<Error> failure;
    uint64_t submitted = 0, finished = 0;
    std::map<uint64_t, Done> ahead;  // done, with an earlier batch still under way
    uint64_t done_up_to = 0;
    unsigned waiting = 0;
    UploadProgress progress;
  };
  struct Refusal {
    int status;
    std::string message;
  };
  void run();
  struct Attempt {
    int splits_left;
    uint64_t points_stored = 0;
  };
  // Stores what can be stored of `lines`; an error ends the import.
  Result<void> store(const LineBatch& batch, std::string_view lines, uint64_t first_line,
                     Attempt& attempt);
  // Nothing if the server took all.
  Result<std::optional<Refusal>> send(const LineBatch& batch, std::string_view lines);
  // False if the import ends meanwhile.
  bool pause(int64_t ms);

  static constexpr size_t kWaitingMax = 4;  // batches read ahead: at most 16 MiB of lines
  UploadOptions options_;
  Rejects& rejects_;
  Guarded<State> state_;
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
};

}  // namespace weir::server
