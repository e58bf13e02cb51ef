// PROXY headers: whatever the bytes, a header is never longer than they are, and what is complete
// stays complete and the same with more bytes behind it, and is incomplete with fewer.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "net/proxy_protocol.h"

using weir::net::ProxyHeader;
using Status = weir::net::ProxyHeader::Status;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const weir::net::Peer proxy{"192.0.2.9", 1, false};
  const ProxyHeader header = weir::net::parse_proxy_header(bytes, proxy);
  WEIR_ASSERT(header.size_bytes <= size, "a header longer than its bytes");
  if (header.status == Status::incomplete) {
    WEIR_ASSERT(header.size_bytes == size, "bytes that are not the header's, and it incomplete");
    return 0;
  }
  const ProxyHeader longer = weir::net::parse_proxy_header(bytes + "\r\n", proxy);
  WEIR_ASSERT(longer.status == header.status, "more bytes change what a header is");
  if (header.status == Status::malformed) return 0;
  WEIR_ASSERT(longer.size_bytes == header.size_bytes, "more bytes make the header longer");
  WEIR_ASSERT(longer.peer.text() == header.peer.text(), "more bytes change who the peer is");
  const ProxyHeader shorter =
      weir::net::parse_proxy_header(bytes.substr(0, header.size_bytes - 1), proxy);
  WEIR_ASSERT(shorter.status == Status::incomplete, "a header complete before its end");
  return 0;
}
