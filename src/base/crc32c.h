// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): the checksum of write-ahead logs.
//
// Uses the processor's instruction where there is one (SSE 4.2, decided at run time), else a
// table; both give the same answer. Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

// The checksum of what was summed into `crc` (0: nothing yet) followed by `bytes`.
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);

// The portable form, so that a test can compare the two.
uint32_t crc32c_table(std::string_view bytes, uint32_t crc = 0);

}  // namespace weir
