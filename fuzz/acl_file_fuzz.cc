// Any access list, asked about any client and topic. Input: user, client identifier, topic, each
// ending with a line end, then the list. What may be received may be subscribed to as well.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "mqtt/acl_file.h"
#include "mqtt/topic.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  auto line = [&rest] {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return taken;
  };
  std::string_view user = line(), client_id = line(), topic = line();
  auto list = weir::mqtt::AclFile::parse(rest, "acl");
  if (!list.ok()) {
    WEIR_ASSERT(list.error().message.starts_with("acl:"), "a mistake names its place");
    return 0;
  }
  auto access = (*list)->access_of(user, client_id);
  if (weir::mqtt::is_valid_topic_filter(topic)) (void)access->may_subscribe(topic);
  if (!weir::mqtt::is_valid_topic_name(topic)) return 0;
  (void)access->may_publish(topic);
  WEIR_ASSERT(!access->may_receive(topic) || access->may_subscribe(topic), "one implies the other");
  WEIR_ASSERT(!access->may_receive(topic) || access->may_subscribe("#") || topic.starts_with('$'),
              "the widest subscription holds what may be received");
  return 0;
}
