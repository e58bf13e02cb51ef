#include "net/write_queue.h"

#include <random>
#include <string>

#include <doctest/doctest.h>

namespace weir::net {
namespace {

std::string front(const WriteQueue& queue, size_t most) {
  iovec pieces[WriteQueue::kPiecesPerCall];
  const size_t count = queue.fill(pieces);
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return text.substr(0, most);
}

}  // namespace

TEST_CASE("small pieces become one run; a large shared piece is not copied") {
  WriteQueue queue;
  const auto large = std::make_shared<const std::string>(WriteQueue::kCopyBelowBytes, 'L');
  queue.add("ab");
  queue.add_shared(std::make_shared<const std::string>("cd"));
  queue.add_shared(large);
  queue.add("ef");
  iovec pieces[WriteQueue::kPiecesPerCall];
  REQUIRE(queue.fill(pieces) == 3);
  CHECK(pieces[0].iov_len == 4);
  CHECK(pieces[1].iov_base == large->data());
  CHECK(queue.size_bytes() == 6 + large->size());
}

TEST_CASE("what is queued leaves in order, whatever sizes it is taken in") {
  std::mt19937 random(7);
  WriteQueue queue;
  std::string expected, written;
  for (int round = 0; round < 2000; ++round) {
    const std::string piece(random() % 3000, static_cast<char>('a' + round % 26));
    if (round % 3 == 0) {
      queue.add_shared(std::make_shared<const std::string>(piece));
    } else {
      queue.add(piece);
    }
    expected += piece;
    const std::string taken = front(queue, random() % 4000);
    queue.remove(taken.size());
    written += taken;
    REQUIRE(queue.size_bytes() == expected.size() - written.size());
  }
  while (!queue.empty()) {
    const std::string taken = front(queue, SIZE_MAX);
    queue.remove(taken.size());
    written += taken;
  }
  CHECK(written == expected);
}

}  // namespace weir::net
