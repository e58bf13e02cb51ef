// For tests of meta/ and of what stands on it: a directory that goes away, and a store that only
// remembers what it was told.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "meta/meta.h"
#include "meta/set_up.h"

namespace weir::meta {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "weir-test-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class FakeStorage final : public BucketStorage {
 public:
  Result<void> create(const Bucket& bucket) override {
    std::lock_guard lock(mutex);
    if (fail) return Error{Errc::io, "the disk is full"};
    buckets[bucket.id] = bucket;
    return {};
  }
  Result<void> update(const Bucket& bucket) override { return create(bucket); }
  Result<void> drop(BucketId bucket) override {
    std::lock_guard lock(mutex);
    if (fail) return Error{Errc::io, "the disk is full"};
    buckets.erase(bucket);
    return {};
  }
  std::mutex mutex;
  bool fail = false;
  std::map<BucketId, Bucket> buckets;
};

// 2026-01-01T00:00:00Z
inline constexpr int64_t kTestNowNs = 1'767'225'600'000'000'000;

// A metadata file in a directory of its own; reopen() is a restart.
struct MetaFixture {
  TempDirectory directory;
  ManualClock clock{kTestNowNs};
  FakeStorage storage;
  std::unique_ptr<Meta> meta;

  MetaFixture() { reopen(); }
  void reopen() {
    meta.reset();
    Result<std::unique_ptr<Meta>> opened = Meta::open(directory.file("meta.db"), storage, clock);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
    meta = *std::move(opened);
  }
  SetUpResult set_up_home() {
    Result<SetUpResult> done = set_up(*meta, {.username = "alice",
                                              .password = "wonderland",
                                              .org = "home",
                                              .bucket = "temperature",
                                              .retention_ns = 0,
                                              .token = "operator-token"});
    REQUIRE_MESSAGE(done.ok(), (done.ok() ? "" : done.error().message));
    return *done;
  }
};

}  // namespace weir::meta
