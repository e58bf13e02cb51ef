// Which member of a shared subscription gets a message. Any thread.
#pragma once

#include "mqtt/topic_tree.h"

namespace weir::mqtt {

struct Message;

// The member whose turn it is among those that fit best; null when there is none left.
const Target* choose_member(const Match::Group& group, const Message& message);

}  // namespace weir::mqtt
