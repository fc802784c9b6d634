#pragma once

// Where the sockets of these tests meet.

#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/limit.hpp"

constexpr std::chrono::milliseconds kNow{0};

/// An endpoint of each transport to bind, which nobody else uses.
inline std::vector<std::string> endpointsToBind() {
  static int count = 0;
  const std::string unique = "dividere-messaging-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  return {"tcp://*:*", "ipc:///tmp/" + unique, "inproc://" + unique};
}

/// Where to connect to what is bound.
template <class Bound>
std::string meeting(const Bound& bound) {
  return bound.port() == 0 ? bound.endpoint() : "tcp://localhost:" + std::to_string(bound.port());
}
