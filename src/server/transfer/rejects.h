// Lines that an import could not bring in, kept in a file with the reason of each.
//
// The file is line protocol itself: a comment says where a line stood and why it was refused, the
// line follows. Mend it and import it. Made when the first line is refused. Any thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/sync.h"

namespace weir::server {

class Rejects {
 public:
  // Adds to the file if it `continues` an earlier import. An empty path keeps counts only.
  Rejects(std::string path, bool continues) : path_(std::move(path)), continues_(continues) {}

  // `line_number` 0: not known. `count` lines, of which `text` shows what there is to show.
  void add(std::string_view origin, uint64_t line_number, std::string_view reason,
           std::string_view text, uint64_t count = 1);
  uint64_t count() const { return state_.lock()->count; }
  // How often each reason occurred; names and numbers within reasons are kept.
  std::map<std::string, uint64_t> reasons() const { return state_.lock()->reasons; }
  const std::string& path() const { return path_; }
  // False if the file could not be written.
  bool is_kept() const { return !state_.lock()->is_broken; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct State {
    std::unique_ptr<std::FILE, CloseFile> file;
    bool is_broken = false;
    uint64_t count = 0;
    std::map<std::string, uint64_t> reasons;
  };
  std::string path_;
  bool continues_;
  Guarded<State> state_;
};

}  // namespace weir::server
