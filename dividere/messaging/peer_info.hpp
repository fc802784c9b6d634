#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "topic.hpp"

namespace dividere::messaging {

/// What somebody has subscribed to. Without type and bytes: to everything.
struct Interest {
  std::string type;   ///< full name; a Python program's is the last part alone
  Topic topic;        ///< this one and those below it; empty: all
  std::string bytes;  ///< in place of both, if they name no type: what a plain ZeroMQ socket has subscribed to
};

/// Who subscribes to a Publisher, as far as it knows. It guesses nothing.
struct PeerInfo {
  /// The IP address; empty for peers that have none, over ipc and inproc.
  std::string address;

  /// When the Publisher heard of it first.
  std::chrono::system_clock::time_point since;

  /// Subscribers of this library: 1, or more if a forwarder passes their subscriptions on. 0: another program's socket, Python
  /// or plain ZeroMQ.
  std::size_t subscribers = 0;

  /// Nothing over inproc, where it cannot be known. Behind a forwarder: of all together.
  std::optional<std::vector<Interest>> interests;

  /// As its key proves (Peer), where the Publisher is secured. Behind a forwarder: the forwarder's.
  std::string name;
  std::string key;
};

}  // namespace dividere::messaging
