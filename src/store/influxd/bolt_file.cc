#include "store/influxd/bolt_file.h"

#include <fmt/core.h>

#include <optional>

#include "base/bytes.h"

namespace weir::store::influxd {
namespace {

constexpr size_t kPageHeadBytes = 16;
constexpr size_t kBucketHeadBytes = 16;
constexpr size_t kMetaBytes = 64;
constexpr uint16_t kBranchFlag = 1, kLeafFlag = 2;
constexpr int kDepthMax = 32;  // a branch page has hundreds of children: 32 levels hold any file

struct Meta {
  uint32_t page_size;
  uint64_t root, transaction;
};

uint64_t fnv1a(std::string_view bytes) {
  uint64_t hash = 14695981039346656037U;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

std::optional<Meta> read_meta(std::string_view bytes, size_t page_offset) {
  if (bytes.size() < page_offset + kPageHeadBytes + kMetaBytes) return std::nullopt;
  const std::string_view text = bytes.substr(page_offset + kPageHeadBytes, kMetaBytes);
  ByteReader reader(text);
  const auto magic = reader.le<uint32_t>();
  const auto version = reader.le<uint32_t>();
  Meta meta{};
  meta.page_size = reader.le<uint32_t>();
  reader.le<uint32_t>();  // flags
  meta.root = reader.le<uint64_t>();
  reader.bytes(8 + 8 + 8);  // sequence, free list, pages in use
  meta.transaction = reader.le<uint64_t>();
  const auto checksum = reader.le<uint64_t>();
  const bool is_page_size = meta.page_size >= 512 && (meta.page_size & (meta.page_size - 1)) == 0;
  if (magic != 0xed0c'daed || version != 2 || !is_page_size ||
      checksum != fnv1a(text.substr(0, kMetaBytes - 8))) {
    return std::nullopt;
  }
  return meta;
}

}  // namespace

struct BoltFile::Page {
  std::string_view bytes;  // head, elements, and what they point to
  uint16_t flags, count;
};

Error BoltFile::damage(const char* at, std::string_view what) const {
  return damage_at(path_, static_cast<size_t>(at - bytes_.data()), what);
}

Result<BoltFile> BoltFile::open(const std::string& path) {
  WEIR_TRY(auto file, MappedFile::open(path));
  WEIR_TRY(BoltFile bolt, parse(file->bytes(), path));
  bolt.file_ = std::move(file);
  return bolt;
}

Result<BoltFile> BoltFile::parse(std::string_view bytes, std::string path) {
  std::optional<Meta> newest = read_meta(bytes, 0);
  // The second meta stands at the page size, which a damaged first one cannot tell.
  for (size_t page_size = 512; page_size <= 65536; page_size *= 2) {
    const std::optional<Meta> second = read_meta(bytes, page_size);
    if (second && second->page_size == page_size &&
        (!newest || second->transaction > newest->transaction)) {
      newest = second;
    }
  }
  if (!newest) return damage_at(path, 0, "not a BoltDB file, or both of its metas are damaged");
  BoltFile bolt;
  bolt.path_ = std::move(path);
  bolt.bytes_ = bytes;
  bolt.page_size_ = newest->page_size;
  bolt.root_ = newest->root;
  return bolt;
}

Result<BoltFile::Page> BoltFile::page_at(uint64_t id) const {
  const uint64_t pages = bytes_.size() / page_size_;
  if (id < 2 || id >= pages) {
    return damage_at(path_, 0, fmt::format("page {} of {} is named", id, pages));
  }
  ByteReader head(bytes_.substr(static_cast<size_t>(id) * page_size_));
  const char* begin = head.rest().data();
  head.le<uint64_t>();
  const auto flags = head.le<uint16_t>();
  const auto count = head.le<uint16_t>();
  const auto overflow = head.le<uint32_t>();
  if (overflow >= pages - id) return damage(begin, "a page reaches beyond the file");
  return Page{{begin, (size_t{overflow} + 1) * page_size_}, flags, count};
}

Result<void> BoltFile::walk(const Page& page, int depth, size_t& pages_left,
                            const Visit& visit) const {
  const char* begin = page.bytes.data();
  if (depth > kDepthMax || pages_left == 0) return damage(begin, "the pages form no tree");
  pages_left--;
  const bool is_branch = (page.flags & kBranchFlag) != 0;
  if (!is_branch && (page.flags & kLeafFlag) == 0) {
    return damage(begin, "a page is neither branch nor leaf");
  }
  constexpr size_t kElementBytes = 16;
  if (page.bytes.size() < kPageHeadBytes + page.count * kElementBytes) {
    return damage(begin, "a page's elements reach beyond it");
  }
  for (size_t i = 0; i < page.count; i++) {
    const std::string_view from = page.bytes.substr(kPageHeadBytes + i * kElementBytes);
    ByteReader element(from);
    if (is_branch) {
      element.bytes(8);  // place and size of the first key
      WEIR_TRY(const Page child, page_at(element.le<uint64_t>()));
      WEIR_CHECK(walk(child, depth + 1, pages_left, visit));
      continue;
    }
    const bool is_bucket = (element.le<uint32_t>() & 1) != 0;
    const auto place = element.le<uint32_t>();
    const auto key_size = element.le<uint32_t>();
    const auto value_size = element.le<uint32_t>();
    if (place > from.size()) return damage(from.data(), "an element points beyond its page");
    ByteReader pair(from.substr(place));
    const std::string_view key = pair.bytes(key_size);
    const std::string_view value = pair.bytes(value_size);
    if (!pair.ok()) return damage(from.data(), "an element points beyond its page");
    WEIR_CHECK(visit(is_bucket, key, value));
  }
  return {};
}

Result<void> BoltFile::walk_root(uint64_t root, const Visit& visit) const {
  size_t pages_left = bytes_.size() / page_size_;
  WEIR_TRY(const Page page, page_at(root));
  return walk(page, 0, pages_left, visit);
}

Result<void> BoltFile::each(
    std::string_view bucket,
    const std::function<void(std::string_view, std::string_view)>& take) const {
  std::optional<std::string_view> head;
  WEIR_CHECK(walk_root(root_, [&](bool is_bucket, std::string_view key, std::string_view value) {
    if (is_bucket && key == bucket) head = value;
    return Result<void>();
  }));
  if (!head) return Error{Errc::not_found, fmt::format("{}: has no bucket {}", path_, bucket)};
  auto take_pair = [&take](bool is_bucket, std::string_view key, std::string_view value) {
    if (!is_bucket) take(key, value);
    return Result<void>();
  };
  ByteReader reader(*head);
  const auto root = reader.le<uint64_t>();
  reader.le<uint64_t>();  // sequence
  if (!reader.ok()) return damage(head->data(), "a bucket's head is cut short");
  if (root != 0) return walk_root(root, take_pair);
  reader.le<uint64_t>();  // page id, 0
  const auto flags = reader.le<uint16_t>();
  const auto count = reader.le<uint16_t>();
  reader.le<uint32_t>();
  if (!reader.ok()) return damage(head->data(), "a bucket's page is cut short");
  size_t pages_left = 1;
  return walk({head->substr(kBucketHeadBytes), flags, count}, 0, pages_left, take_pair);
}

}  // namespace weir::store::influxd
