// How InfluxDB's API shows organisations, buckets, users and authorizations as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "meta/types.h"

namespace weir::meta {
class Meta;
}

namespace weir::api::v2 {

nlohmann::ordered_json organisation_json(const meta::Organisation& organisation);
nlohmann::ordered_json bucket_json(const meta::Bucket& bucket);
nlohmann::ordered_json user_json(const meta::User& user);
// `token` is empty except in the one answer that shows it.
nlohmann::ordered_json authorization_json(meta::Meta& meta,
                                          const meta::Authorization& authorization,
                                          std::string_view token);

}  // namespace weir::api::v2
