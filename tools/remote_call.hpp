// A call by hand, of any type, at one endpoint (doc/wire.md, "Calls at a service").
//
// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "command.hpp"
#include "envelope.hpp"

namespace tool {

/// Sends one request, and takes what comes back. Belongs to one thread.
class RemoteCall {
 public:
  /// Connects to a service, a broker's front or a Response. `key`: its public key, if the registry vouches for one.
  explicit RemoteCall(const std::string& endpoint, const std::string& key = "");

  void send(const google::protobuf::Message& request, const std::string& method, std::chrono::milliseconds timeout);

  /// The reply. `onPart` is called with each part that comes before it. Throws TimedOut, and what the other side says is wrong; nothing if ended() was
  /// raised: then the call is cancelled, if the other side knows how.
  std::optional<Envelope> reply(std::chrono::steady_clock::time_point until,
                                const std::function<void(const Envelope&)>& onPart);

  const std::string& endpoint() const { return endpoint_; }

 private:
  bool isReply(const Envelope& message, const std::function<void(const Envelope&)>& onPart);
  void sendAlong(const google::protobuf::Message& message);

  std::string endpoint_;
  dividere::connection::Dealer dealer_;
  dividere::connection::Route route_;
  std::uint32_t features_ = 0;  // of the other side, once it has told
};

}  // namespace tool
