// The journal's ops on foreign bytes. Beyond not crashing: what reads is written back as it was
// understood, and an image made of it says itself anew as the same image.
#include <cstdlib>
#include <string>
#include <string_view>

#include "mqtt/journal_image.h"

namespace {

using namespace weir;
using namespace weir::mqtt;

void require(bool condition) {
  if (!condition) std::abort();
}

// Applies ops as far as they read; returns them written again.
std::string replay(std::string_view bytes, JournalImage& image) {
  std::string again;
  ByteReader in(bytes);
  while (!in.at_end()) {
    Result<Op> op = decode_op(in);
    if (!op.ok()) break;
    encode_op(*op, again);
    image.apply(*op);
  }
  return again;
}

std::string tell(const JournalImage& image) {
  JournalWalk walk;
  std::string told;
  while (walk.next(image, 100, told)) {
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  JournalImage image, again, once_more;
  std::string written = replay(bytes, image);
  require(replay(written, again) == written);
  std::string told = tell(image);
  require(tell(again) == told);
  require(replay(told, once_more) == told);
  require(tell(once_more) == told);
  return 0;
}
