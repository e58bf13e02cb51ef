// A file or standard input as text, gzip undone, read piece by piece.
//
// Keeps count of where it is in the text and in the file. Errors name the file. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/compression.h"

namespace weir::server {

class TextInput {
 public:
  // "-" is standard input.
  static Result<std::unique_ptr<TextInput>> open(const std::string& path);

  // Appends some text; false at the end.
  Result<bool> read(std::string& out);
  // Goes past that much text from the beginning; Errc::invalid if there is less.
  Result<void> skip(uint64_t text_bytes);
  const std::string& name() const { return name_; }
  // 0 to 1, negative if the size is not known.
  double progress() const;

 private:
  TextInput() = default;
  struct CloseFile {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::optional<http::GunzipStream> gunzip_;
  bool has_begun_ = false;
  std::string rest_;   // read by skip(), beyond its end
  uint64_t size_ = 0;  // of the file; 0: not known
  uint64_t read_ = 0;  // of the file
};

}  // namespace weir::server
