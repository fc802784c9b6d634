#pragma once

// Messages passed on from one socket to another.

#include "socket.hpp"

namespace dividere::detail {

/// One direction between two sockets. Passes messages on frame by frame, so that none is ever held as a whole, and knows
/// nothing of the other direction, whose messages may pass in between. What comes from somebody whose key was revoked is dropped.
///
/// In the thread of both sockets, and the only one to receive from the first.
class Relay {
 public:
  enum class Result {
    nothing,  // there is no message
    passed,
    full,  // the message waits at its first frame, for forward() or drop()
    gone   // the same, and nobody is at the end of its route
  };

  Relay(Socket& from, Socket& to) : from_(from), to_(to) {}

  /// Passes on the message that waits, or the next one, without waiting.
  Result forward();

  /// Drops the message that waits.
  void drop();

  bool isWaiting() const { return waits_; }

 private:
  bool take();
  bool isRevoked();
  bool takeRest(Frame& frame);

  Socket& from_;
  Socket& to_;
  Frame first_;   // of the message that waits
  Frame second_;  // that was looked at before it
  bool waits_ = false;
  bool hasSecond_ = false;
};

}  // namespace dividere::detail
