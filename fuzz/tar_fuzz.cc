// A backup's archive and its manifest: whatever the bytes, and however they are cut into pieces,
// the same is read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "server/backup/manifest.h"
#include "server/backup/tar.h"

namespace {

std::string unpacked(std::string_view archive, size_t piece_bytes) {
  std::string text;
  weir::server::TarReader reader({[&](const weir::server::TarEntry& entry) {
                                    text += entry.name + ":";
                                    return weir::Result<void>();
                                  },
                                  [&](std::string_view bytes) {
                                    text += bytes;
                                    return weir::Result<void>();
                                  },
                                  [&] {
                                    text += "\n";
                                    return weir::Result<void>();
                                  }});
  while (!archive.empty()) {
    if (!reader.feed(archive.substr(0, piece_bytes)).ok()) return text + "refused";
    archive.remove_prefix(std::min(piece_bytes, archive.size()));
  }
  return text + (reader.finish().ok() ? "whole" : "cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string whole = unpacked(bytes, size + 1);
  if (unpacked(bytes, 1) != whole || unpacked(bytes, 500) != whole) std::abort();
  auto manifest = weir::server::parse_manifest(bytes);
  if (!manifest.ok()) return 0;
  auto again = weir::server::parse_manifest(weir::server::to_json(*manifest));
  if (!again.ok() || again->files != manifest->files) std::abort();
  return 0;
}
