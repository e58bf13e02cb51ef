// gzip (RFC 1952) of HTTP bodies, both ways, and when it is used.
//
// Whole bodies go through libdeflate, three times as fast as zlib; streamed answers through zlib,
// as one gzip member that ends with the answer. Functions may be called from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::http {

// A gzip body of one or more members. Errors: Errc::invalid if it is not that, or cut short;
// Errc::too_large beyond `output_bytes_max` (a bomb is given up there, not unpacked first).
Result<std::string> gunzip(std::string_view compressed, size_t output_bytes_max);

std::string gzip(std::string_view bytes);

// One gzip member, made piece by piece. Compressed bytes come out when zlib has enough of them.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  void append(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Piece by piece the other way, for the client: feed() appends to `out`.
class GunzipStream {
 public:
  GunzipStream();
  ~GunzipStream();
  Result<void> feed(std::string_view compressed, std::string& out);
  bool at_end() const;  // a member is complete; what follows, if anything, is another

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether the client takes gzip (RFC 9110 §12.5.3: "gzip;q=0" declines, "*" includes it).
bool accepts_gzip(std::string_view accept_encoding);

// Whether a body is worth compressing: text of some kind, and more than a packet's worth.
inline constexpr size_t kCompressBytesMin = 1024;
bool is_compressible(std::string_view content_type);

}  // namespace weir::http
