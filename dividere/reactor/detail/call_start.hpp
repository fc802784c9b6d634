#pragma once

// How a client begins a call that its caller need not wait for.

#include <google/protobuf/message.h>

#include "call_desk.hpp"

namespace dividere::detail {

/// The terms of a call; `options` may be null.
CallTerms termsOf(const Deadline& deadline, const CallOptions* options);

/// Begins a call. `options` may be null, and `follower` empty.
CallHandle startCall(CallDesk& desk, const google::protobuf::Message& request, CallTerms terms,
                     const CallOptions* options, CallHandle::Follower follower);

/// Begins one whose parts are read. `options` may be null.
CallHandle startStream(CallDesk& desk, const google::protobuf::Message& request, const Deadline& deadline,
                       const CallOptions* options);

}  // namespace dividere::detail
