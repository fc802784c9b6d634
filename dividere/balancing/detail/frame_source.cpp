#include "frame_source.hpp"

namespace dividere::detail {

// Sending makes libzmq take note of what has arrived meanwhile, and the descriptor then tells of it no more: so it has to
// be looked for.
SendResult FrameSource::trySend(Multipart& message) {
  loop_.lookAgain(*this);
  return socket_->trySend(message);
}

void FrameSource::refresh() {
  loop_.lookAgain(*this);
  socket_->get(ZMQ_EVENTS);
}

int connectionOf(Frame& frame) { return zmq_msg_get(frame.native(), ZMQ_SRCFD); }

}  // namespace dividere::detail
