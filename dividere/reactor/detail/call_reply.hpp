#pragma once

// What a call that is complete brought to its caller.

#include <memory>
#include <optional>
#include <string>

#include <google/protobuf/message.h>

#include "pending_call.hpp"

namespace dividere::detail {

/// Copies the reply; false if none came in time. Throws why else there is none.
bool replyInto(const PendingCall& call, google::protobuf::Message& reply);

/// The same for a reply of any type; null if none came in time.
std::unique_ptr<google::protobuf::Message> replyOf(const PendingCall& call);

/// The same as it came, for peers that send plain bytes.
std::optional<std::string> replyBytes(const PendingCall& call);

/// Why there is no reply, where no peer said it.
Error failureOf(const PendingCall& call);

}  // namespace dividere::detail
