#include "base/fault_file_system.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace weir {
namespace {

std::string directory_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

class FaultFileSystem::File final : public WritableFile {
 public:
  File(std::shared_ptr<Guarded<State>> state, std::shared_ptr<Node> node, std::string path,
       uint64_t generation)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        generation_(generation) {}

  Result<void> append(std::string_view bytes) override {
    auto state = state_->lock();
    WEIR_CHECK(usable(*state));
    if (auto counted = count_operation(*state, "write", path_); !counted.ok()) {
      node_->bytes += bytes.substr(0, bytes.size() / 2);
      return counted;
    }
    uint64_t used = used_bytes(*state);
    if (bytes.size() > state->capacity - std::min(used, state->capacity)) {
      node_->bytes += bytes.substr(0, state->capacity - std::min(used, state->capacity));
      return Error{Errc::io, fmt::format("cannot write {}: No space left on device", path_)};
    }
    node_->bytes += bytes;
    return {};
  }

  Result<void> sync() override {
    auto state = state_->lock();
    WEIR_CHECK(usable(*state));
    WEIR_CHECK(count_operation(*state, "sync", path_));
    node_->synced_bytes = node_->bytes.size();
    return {};
  }

  Result<void> preallocate(uint64_t bytes) override {
    auto state = state_->lock();
    WEIR_CHECK(usable(*state));
    WEIR_CHECK(count_operation(*state, "reserve space for", path_));
    if (bytes > state->capacity - std::min(used_bytes(*state), state->capacity)) {
      return Error{Errc::io,
                   fmt::format("cannot reserve space for {}: No space left on device", path_)};
    }
    return {};
  }

  Result<void> close() override { return {}; }

 private:
  Result<void> usable(const State& state) const {
    if (state.generation == generation_) return {};
    return Error{Errc::io, fmt::format("cannot use {}: it was opened before the crash", path_)};
  }

  std::shared_ptr<Guarded<State>> state_;
  std::shared_ptr<Node> node_;
  std::string path_;
  uint64_t generation_;
};

class FaultFileSystem::Lock final : public FileLock {
 public:
  Lock(std::shared_ptr<Guarded<State>> state, std::string path, uint64_t generation)
      : state_(std::move(state)), path_(std::move(path)), generation_(generation) {}
  ~Lock() override {
    auto state = state_->lock();
    if (state->generation == generation_) state->locks.erase(path_);
  }

 private:
  std::shared_ptr<Guarded<State>> state_;
  std::string path_;
  uint64_t generation_;
};

FaultFileSystem::FaultFileSystem() : state_(std::make_shared<Guarded<State>>()) {}
FaultFileSystem::~FaultFileSystem() = default;

void FaultFileSystem::fail_operation(uint64_t n, bool for_ever) {
  auto state = state_->lock();
  state->fail_at = n == 0 ? 0 : state->operations + n;
  state->fail_for_ever = for_ever;
  state->has_failed = false;
}

uint64_t FaultFileSystem::operations() const { return state_->lock()->operations; }
bool FaultFileSystem::has_failed() const { return state_->lock()->has_failed; }
void FaultFileSystem::set_capacity(uint64_t bytes) { state_->lock()->capacity = bytes; }

void FaultFileSystem::crash(uint64_t torn_bytes, bool keeps_names) {
  auto state = state_->lock();
  state->generation++;
  state->locks.clear();
  if (!keeps_names) state->names = state->synced_names;
  for (auto& [path, node] : state->names) {
    uint64_t kept = std::min<uint64_t>(node->bytes.size(), node->synced_bytes + torn_bytes);
    // A new node: a stale open file must not reach what the next opening sees.
    node = std::make_shared<Node>(Node{node->bytes.substr(0, kept), kept});
  }
  state->synced_names = state->names;
}

void FaultFileSystem::kill() {
  auto state = state_->lock();
  state->generation++;
  state->locks.clear();
}

void FaultFileSystem::overwrite(const std::string& path, std::string bytes) {
  auto state = state_->lock();
  uint64_t size = bytes.size();
  state->names[path] = std::make_shared<Node>(Node{std::move(bytes), size});
  state->synced_names[path] = state->names[path];
}

Result<std::unique_ptr<FileLock>> FaultFileSystem::lock(const std::string& path) {
  auto state = state_->lock();
  if (!state->locks.insert(path).second) {
    return Error{Errc::unavailable, fmt::format("cannot lock {}: another process holds it", path)};
  }
  return std::unique_ptr<FileLock>(std::make_unique<Lock>(state_, path, state->generation));
}

Result<std::unique_ptr<WritableFile>> FaultFileSystem::create(const std::string& path) {
  auto state = state_->lock();
  WEIR_CHECK(count_operation(*state, "create", path));
  if (state->names.contains(path)) {
    return Error{Errc::conflict, fmt::format("cannot create {}: File exists", path)};
  }
  auto node = std::make_shared<Node>();
  state->names[path] = node;
  return std::unique_ptr<WritableFile>(
      std::make_unique<File>(state_, node, path, state->generation));
}

Result<std::string> FaultFileSystem::read(const std::string& path) {
  auto state = state_->lock();
  auto found = state->names.find(path);
  if (found == state->names.end()) return missing("open", path);
  return found->second->bytes;
}

Result<void> FaultFileSystem::rename(const std::string& from, const std::string& to) {
  auto state = state_->lock();
  WEIR_CHECK(count_operation(*state, "rename", from));
  auto found = state->names.find(from);
  if (found == state->names.end()) return missing("rename", from);
  state->names[to] = found->second;
  state->names.erase(from);
  return {};
}

Result<void> FaultFileSystem::remove(const std::string& path) {
  auto state = state_->lock();
  WEIR_CHECK(count_operation(*state, "remove", path));
  if (state->names.erase(path) == 0) return missing("remove", path);
  return {};
}

Result<void> FaultFileSystem::truncate(const std::string& path, uint64_t size) {
  auto state = state_->lock();
  WEIR_CHECK(count_operation(*state, "cut", path));
  auto found = state->names.find(path);
  if (found == state->names.end()) return missing("cut", path);
  found->second->bytes.resize(size);
  found->second->synced_bytes = size;
  return {};
}

Result<void> FaultFileSystem::create_directories(const std::string& path) {
  auto state = state_->lock();
  return count_operation(*state, "create directory", path);  // directories exist by themselves
}

Result<void> FaultFileSystem::sync_directory(const std::string& path) {
  auto state = state_->lock();
  WEIR_CHECK(count_operation(*state, "sync", path));
  std::erase_if(state->synced_names,
                [&](const auto& entry) { return directory_of(entry.first) == path; });
  for (const auto& [name, node] : state->names) {
    if (directory_of(name) == path) state->synced_names[name] = node;
  }
  return {};
}

Result<std::vector<std::string>> FaultFileSystem::list(const std::string& path) {
  auto state = state_->lock();
  std::vector<std::string> names;
  for (const auto& [name, node] : state->names) {
    if (directory_of(name) == path) names.push_back(name.substr(path.size() + 1));
  }
  return names;
}

bool FaultFileSystem::exists(const std::string& path) {
  return state_->lock()->names.contains(path);
}

Result<uint64_t> FaultFileSystem::free_bytes(const std::string&) {
  auto state = state_->lock();
  return state->capacity - std::min(used_bytes(*state), state->capacity);
}

Result<void> FaultFileSystem::count_operation(State& state, std::string_view action,
                                              const std::string& path) {
  state.operations++;
  bool fails = state.fail_at != 0 && (state.operations == state.fail_at ||
                                      (state.fail_for_ever && state.operations > state.fail_at));
  if (!fails) return {};
  state.has_failed = true;
  return Error{Errc::io, fmt::format("cannot {} {}: Input/output error (injected)", action, path)};
}

Error FaultFileSystem::missing(std::string_view action, const std::string& path) {
  return {Errc::not_found, fmt::format("cannot {} {}: No such file or directory", action, path)};
}

uint64_t FaultFileSystem::used_bytes(const State& state) {
  uint64_t used = 0;
  for (const auto& [name, node] : state.names) used += node->bytes.size();
  return used;
}

}  // namespace weir
