#include "relay.hpp"

#include <utility>

namespace dividere::detail {

Relay::Result Relay::forward() {
  if (!waits_ && !take()) return Result::nothing;
  bool more = first_.more();
  const SendResult sent = to_.trySendFrame(first_, more);
  waits_ = sent != SendResult::sent;
  if (waits_) return sent == SendResult::full ? Result::full : Result::gone;
  // Once the first frame of a message is in, the others are taken without a wait, or dropped with a peer that dies.
  Frame frame;
  while (more && takeRest(frame)) {
    more = frame.more();
    to_.trySendFrame(frame, more);
  }
  return Result::passed;
}

void Relay::drop() {
  while (first_.more() && takeRest(first_)) {
  }
  waits_ = false;
}

/// The first frame of the next message, of those that are to be passed on.
bool Relay::take() {
  while (from_.tryReceiveFrame(first_)) {
    if (!isRevoked()) return true;
    drop();
  }
  return false;
}

// A ROUTER's first frame does not tell whose it is.
bool Relay::isRevoked() {
  if (!from_.hasRevoked() || !first_.more()) return false;
  hasSecond_ = from_.tryReceiveFrame(second_);
  return hasSecond_ && from_.isRevoked(second_);
}

bool Relay::takeRest(Frame& frame) {
  if (!std::exchange(hasSecond_, false)) return from_.tryReceiveFrame(frame);
  frame = std::move(second_);
  return true;
}

}  // namespace dividere::detail
