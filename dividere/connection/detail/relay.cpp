#include "relay.hpp"

namespace dividere::detail {

Relay::Result Relay::forward() {
  if (!waits_ && !from_.tryReceiveFrame(first_)) return Result::nothing;
  bool more = first_.more();
  const SendResult sent = to_.trySendFrame(first_, more);
  waits_ = sent != SendResult::sent;
  if (waits_) return sent == SendResult::full ? Result::full : Result::gone;
  // Once the first frame of a message is in, the others are taken without a wait, or dropped with a peer that dies.
  Frame frame;
  while (more && from_.tryReceiveFrame(frame)) {
    more = frame.more();
    to_.trySendFrame(frame, more);
  }
  return Result::passed;
}

void Relay::drop() {
  while (first_.more() && from_.tryReceiveFrame(first_)) {
  }
  waits_ = false;
}

}  // namespace dividere::detail
