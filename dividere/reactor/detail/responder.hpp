#pragma once

// One that calls are given to.

#include <cstddef>
#include <cstdint>

#include "remote.hpp"

namespace dividere::detail {

// So many calls one responder has at most. The rest wait here: replies to more might not find room in the responder's queue
// (1,000 messages by default), and be dropped. libzmq tells it of room only once 500 have left.
constexpr std::size_t kMostCallsAtOne = 400;

struct Responder {
  Remote* remote = nullptr;
  int descriptor = -1;      // the remote's, for a thread that does not know whether that is still there
  std::size_t calls = 0;    // that it has
  bool isAttended = false;  // by the thread of the call that it has, in place of the loop
  bool isSilent = false;    // nothing came from it since a call to it was given up

  // Of its connection:
  bool knowsFeatures = false;
  std::uint32_t features = 0;

  bool hasRoom() const { return calls < kMostCallsAtOne; }
};

}  // namespace dividere::detail
