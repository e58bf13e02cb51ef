#include "server/backup/manifest.h"

#include <fmt/core.h>

#include <charconv>
#include <set>

#include "base/crc32c.h"
#include "base/disk_files.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time_text.h"

namespace weir::server {
namespace {

std::string hex(uint32_t crc) { return fmt::format("{:08x}", crc); }

Result<uint32_t> parse_hex(std::string_view text) {
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.size() == 8 && error == std::errc() && end == text.data() + text.size()) return number;
  return Error{Errc::invalid, fmt::format("got the checksum `{}`, wanted 8 hex digits", text)};
}

OrderedJson body_of(const BackupManifest& manifest) {
  OrderedJson files = OrderedJson::array();
  for (const BackupFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"crc32c", hex(file.crc32c)}});
  }
  return {{"format", kBackupFormat},
          {"weir", manifest.weir},
          {"time", rfc3339(manifest.time_ns)},
          {"lsn", manifest.lsn},
          {"files", std::move(files)}};
}

// Members that are missing or of another type are as good as empty: the checksum tells.
template <class T>
T member(const Json& json, const char* name) {
  auto found = json.find(name);
  if (found == json.end()) return T();
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<T>() : T();
  } else {
    return found->is_number_integer() ? found->template get<T>() : T();
  }
}

}  // namespace

uint64_t BackupManifest::bytes() const {
  uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.bytes;
  return sum;
}

bool is_inner_name(std::string_view name) {
  while (true) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != part.npos) return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string to_json(const BackupManifest& manifest) {
  OrderedJson json = body_of(manifest);
  const std::string crc = hex(crc32c(dump_json(json)));
  json["crc32c"] = crc;
  return json.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<BackupManifest> parse_manifest(std::string_view text) {
  auto damaged = [](std::string_view why) {
    return Error{Errc::invalid, fmt::format("{} is damaged: {}", kManifestName, why)};
  };
  Result<Json> json = parse_json(text);
  if (!json.ok()) return damaged(json.error().message);
  if (!json->is_object()) return damaged("it holds no object");
  const auto format = member<int64_t>(*json, "format");
  if (format > kBackupFormat) {
    return Error{Errc::invalid,
                 fmt::format("it has format {}, this weir reads up to {}: it was "
                             "made by a newer weir ({})",
                             format, kBackupFormat, member<std::string>(*json, "weir"))};
  }
  BackupManifest manifest;
  manifest.weir = member<std::string>(*json, "weir");
  manifest.lsn = member<uint64_t>(*json, "lsn");
  Result<int64_t> time = parse_rfc3339(member<std::string>(*json, "time"));
  if (!time.ok()) return damaged(time.error().message);
  manifest.time_ns = *time;
  std::set<std::string> names;
  for (const Json& listed : json->value("files", Json::array())) {
    if (!listed.is_object()) return damaged("a file is no object");
    BackupFile& file = manifest.files.emplace_back();
    file.name = member<std::string>(listed, "name");
    file.bytes = member<uint64_t>(listed, "bytes");
    Result<uint32_t> crc = parse_hex(member<std::string>(listed, "crc32c"));
    if (!crc.ok()) return damaged(crc.error().message);
    file.crc32c = *crc;
    if (!is_inner_name(file.name) || !names.insert(file.name).second) {
      return damaged(fmt::format("it lists `{}`", file.name));
    }
  }
  // What was read, written anew, has the checksum that is told: nothing in it is otherwise.
  if (hex(crc32c(dump_json(body_of(manifest)))) != member<std::string>(*json, "crc32c")) {
    return damaged("its checksum is wrong");
  }
  return manifest;
}

Result<BackupManifest> read_manifest(const std::string& directory) {
  const std::string path = directory + "/" + kManifestName;
  if (!system_file_system().exists(path)) {
    return Error{Errc::not_found, fmt::format("{} is no backup, or not a whole one: it has no {}",
                                              directory, kManifestName)};
  }
  WEIR_TRY(const std::string text, system_file_system().read(path));
  Result<BackupManifest> manifest = parse_manifest(text);
  if (!manifest.ok()) return std::move(manifest).error().with_context(directory);
  for (const BackupFile& file : manifest->files) {
    Result<uint64_t> bytes = bytes_of_file(directory + "/" + file.name);
    if (!bytes.ok() && bytes.error().code != Errc::not_found) return bytes.error();
    if (bytes.ok() && *bytes == file.bytes) continue;
    return Error{
        Errc::invalid,
        fmt::format("the backup {} is damaged: {} {}, wanted {} bytes", directory, file.name,
                    bytes.ok() ? fmt::format("has {} bytes", *bytes) : "is missing", file.bytes)};
  }
  return manifest;
}

}  // namespace weir::server
