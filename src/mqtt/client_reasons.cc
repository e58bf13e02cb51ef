// What a broker's refusals mean for whoever configured the connection to it.
#include <fmt/core.h>

#include "mqtt/client_session.h"

namespace weir::mqtt {
namespace {

std::string_view remedy(Reason reason) {
  switch (reason) {
    case Reason::bad_user_name_or_password:
      return "check user and password, or token";
    case Reason::not_authorized:
      return "check user and password, or token, and what this user may do at the broker";
    case Reason::client_identifier_not_valid:
      return "set another client_id, or clean = true with none";
    case Reason::unsupported_protocol_version:
      return "set version = 4 (MQTT 3.1.1)";
    case Reason::bad_authentication_method:
      return "the broker wants enhanced authentication, which weir does not offer: allow it user "
             "and password there";
    case Reason::banned:
      return "lift the ban at the broker";
    case Reason::server_unavailable:
    case Reason::server_busy:
    case Reason::connection_rate_exceeded:
    case Reason::quota_exceeded:
      return "it will be tried again";
    case Reason::use_another_server:
    case Reason::server_moved:
      return "set the url to the other server";
    case Reason::session_taken_over:
      return "another client uses the same identifier: give each its own client_id";
    case Reason::retain_not_supported:
      return "the broker keeps no retained messages: a will or bridge status topic cannot be used";
    case Reason::qos_not_supported:
      return "set a lower qos";
    case Reason::packet_too_large:
      return "raise the broker's limit, or send smaller messages";
    case Reason::shared_subscriptions_not_supported:
      return "subscribe without $share";
    case Reason::wildcard_subscriptions_not_supported:
      return "subscribe to whole topics, without + and #";
    default:
      return {};
  }
}

// 3.1.1 §3.2.2.3.
Reason reason_of_311(uint8_t code) {
  switch (code) {
    case 1:
      return Reason::unsupported_protocol_version;
    case 2:
      return Reason::client_identifier_not_valid;
    case 3:
      return Reason::server_unavailable;
    case 4:
      return Reason::bad_user_name_or_password;
    case 5:
      return Reason::not_authorized;
    default:
      return Reason::unspecified_error;
  }
}

std::string explain(std::string_view what, Reason reason, const Properties& properties) {
  std::string text = fmt::format("{}: {}", what, to_string(reason));
  if (!properties.reason_string.empty()) {
    text += fmt::format(" ({})", properties.reason_string.substr(0, 200));
  }
  if (!properties.server_reference.empty()) {
    text += fmt::format("; it names {}", properties.server_reference.substr(0, 200));
  }
  if (std::string_view what_to_do = remedy(reason); !what_to_do.empty()) {
    text += fmt::format("; {}", what_to_do);
  }
  return text;
}

}  // namespace

std::string explain_refusal(Version version, const Connack& packet) {
  Reason reason = version == Version::v5 ? packet.reason : reason_of_311(packet.code_311);
  return explain("the broker refused", reason, packet.properties);
}

std::string explain_disconnect(const Disconnect& packet) {
  return explain("the broker disconnected", packet.reason, packet.properties);
}

std::string explain_subscription(std::string_view filter, Reason reason) {
  return explain(fmt::format("the broker refused the subscription to {}", filter), reason, {});
}

}  // namespace weir::mqtt
