// A whole file as one read-only view, without reading it into memory.
//
// Made for the files of a stopped InfluxDB, which nobody shortens while they are read: the system
// pages in what is looked at and takes it back when memory is short. Errors: Errc::io with the path
// and the system's reason. Threads: one opens; any may read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::store::influxd {

class MappedFile {
 public:
  static Result<std::unique_ptr<MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile(std::string path, const char* data, size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}
  std::string path_;
  const char* data_;
  size_t size_;
};

// The error every reader of this folder gives: "<path>: offset <n>: <what>".
Error damage_at(std::string_view path, size_t offset, std::string_view what);

}  // namespace weir::store::influxd
