#include "store/influxd/directory.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "store/influxd/bolt_file.h"
#include "store/influxd/meta_db.h"

namespace weir::store::influxd {
namespace {

bool exists(const std::string& path) { return system_file_system().exists(path); }

std::string parent(std::string path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::vector<std::string> entries(const std::string& path) {
  if (!exists(path)) return {};
  auto names = system_file_system().list(path);
  return names.ok() ? std::move(names).value() : std::vector<std::string>();
}

// Every shard of every folder pair DATABASE/POLICY beneath `root`/data and `root`/wal.
std::map<std::pair<std::string, std::string>, std::vector<SourceShard>> find_shards(
    const std::string& root) {
  std::map<std::pair<std::string, std::string>, std::map<uint64_t, ShardPaths>> found;
  for (const char* kind : {"data", "wal"}) {
    const bool is_data = std::string_view(kind) == "data";
    const std::string top = root + "/" + kind;
    for (const std::string& database : entries(top)) {
      for (const std::string& policy : entries(top + "/" + database)) {
        if (policy == "_series") continue;
        const std::string folder = top + "/" + database + "/" + policy;
        for (const std::string& shard : entries(folder)) {
          uint64_t id = 0;
          const auto [end, error] = std::from_chars(shard.data(), shard.data() + shard.size(), id);
          if (error != std::errc() || end != shard.data() + shard.size()) continue;
          ShardPaths& paths = found[{database, policy}][id];
          (is_data ? paths.data : paths.wal) = folder + "/" + shard;
        }
      }
    }
  }
  std::map<std::pair<std::string, std::string>, std::vector<SourceShard>> sorted;
  for (auto& [names, shards] : found) {
    for (auto& [id, paths] : shards) sorted[names].push_back({id, std::move(paths)});
  }
  return sorted;
}

Directory look_into_version_1(const std::string& root) {
  Directory directory;
  std::map<std::pair<std::string, std::string>, int64_t> durations;
  const std::string meta_path = root + "/meta/meta.db";
  if (auto bytes = system_file_system().read(meta_path); !bytes.ok()) {
    directory.notes.push_back(
        fmt::format("{} is missing: retention is not known, every bucket is taken as kept for ever",
                    meta_path));
  } else if (auto policies = parse_meta_db(*bytes, meta_path); !policies.ok()) {
    directory.notes.push_back(policies.error().message +
                              "; every bucket is taken as kept for ever");
  } else {
    for (const RetentionPolicy& policy : *policies) {
      durations[{policy.database, policy.name}] = policy.duration_ns;
    }
  }
  for (auto& [names, shards] : find_shards(root)) {
    const auto& [database, policy] = names;
    if (database == "_internal") continue;
    SourceBucket& bucket = directory.buckets.emplace_back();
    bucket.name = database + "/" + policy;
    bucket.retention_ns = durations[names];
    bucket.shards = std::move(shards);
  }
  return directory;
}

struct BoltBucket {
  std::string name, organization;
  int64_t retention_ns = 0;
};

std::string text_of(const Json& document, const char* member) {
  auto place = document.find(member);
  return place != document.end() && place->is_string() ? place->get<std::string>() : "";
}

// Bucket id -> what influxd.bolt knows of it: JSON documents by id.
Result<std::map<std::string, BoltBucket>> read_bolt(const std::string& path) {
  WEIR_TRY(const BoltFile bolt, BoltFile::open(path));
  std::map<std::string, std::string> organizations;
  std::map<std::string, BoltBucket> buckets;
  WEIR_CHECK(bolt.each("organizationsv1", [&](std::string_view, std::string_view value) {
    auto document = parse_json(value);
    if (!document.ok() || !document->is_object()) return;
    organizations[text_of(*document, "id")] = text_of(*document, "name");
  }));
  WEIR_CHECK(bolt.each("bucketsv1", [&](std::string_view, std::string_view value) {
    auto document = parse_json(value);
    if (!document.ok() || !document->is_object()) return;
    BoltBucket& bucket = buckets[text_of(*document, "id")];
    bucket.name = text_of(*document, "name");
    bucket.organization = organizations[text_of(*document, "orgID")];
    auto retention = document->find("retentionPeriod");
    if (retention != document->end() && retention->is_number_integer()) {
      bucket.retention_ns = retention->get<int64_t>();
    }
  }));
  return buckets;
}

// Organizations may share names of buckets, which then need the organization before them.
void tell_apart(Directory& directory) {
  std::map<std::string, int> uses;
  for (const SourceBucket& bucket : directory.buckets) uses[bucket.name]++;
  std::set<std::string> organizations;
  for (SourceBucket& bucket : directory.buckets) {
    organizations.insert(bucket.organization);
    if (uses[bucket.name] > 1) bucket.name = bucket.organization + "/" + bucket.name;
  }
  if (organizations.size() > 1) {
    directory.notes.push_back(
        "there are several organizations: all buckets are taken; names that occur twice are "
        "preceded by the organization's");
  }
}

Directory look_into_version_2(const std::string& engine) {
  Directory directory;
  directory.version = 2;
  const std::string bolt_path = parent(engine) + "/influxd.bolt";
  std::map<std::string, BoltBucket> known;
  if (auto read = read_bolt(bolt_path); read.ok()) {
    known = std::move(read).value();
  } else {
    directory.notes.push_back(read.error().message +
                              "; the ids of buckets serve as their names, kept for ever");
  }
  for (auto& [names, shards] : find_shards(engine)) {
    const std::string& id = names.first;
    SourceBucket bucket;
    bucket.name = id;
    if (auto place = known.find(id); place != known.end()) {
      bucket.name = place->second.name;
      bucket.organization = place->second.organization;
      bucket.retention_ns = place->second.retention_ns;
    } else if (!known.empty()) {
      directory.notes.push_back(
          fmt::format("{} knows no bucket {}: its id serves as its name", bolt_path, id));
    }
    if (bucket.name == "_monitoring" || bucket.name == "_tasks") continue;
    bucket.shards = std::move(shards);
    directory.buckets.push_back(std::move(bucket));
  }
  tell_apart(directory);
  return directory;
}

}  // namespace

Result<Directory> look_into(const std::string& path) {
  std::string root = path;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  Directory directory;
  if (exists(root + "/engine/data") || exists(root + "/engine/wal")) {
    directory = look_into_version_2(root + "/engine");
  } else if (!exists(root + "/data") && !exists(root + "/wal")) {
    return Error{Errc::not_found,
                 fmt::format("{}: no InfluxDB data: wanted data/ and wal/ (InfluxDB 1, usually "
                             "/var/lib/influxdb) or engine/ (InfluxDB 2, usually ~/.influxdbv2)",
                             path)};
  } else if (exists(parent(root) + "/influxd.bolt")) {
    directory = look_into_version_2(root);
  } else {
    directory = look_into_version_1(root);
  }
  std::sort(directory.buckets.begin(), directory.buckets.end(),
            [](const SourceBucket& a, const SourceBucket& b) { return a.name < b.name; });
  return directory;
}

}  // namespace weir::store::influxd
