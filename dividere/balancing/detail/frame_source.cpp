#include "frame_source.hpp"

#include <cerrno>

#include "../../core/detail/thread_sanitizer.hpp"

namespace dividere::detail {

// Sending makes libzmq take note of what has arrived meanwhile, and the descriptor then tells of it no more: so it has to
// be looked for.
SendResult FrameSource::sendFrames(std::vector<Frame>& frames) {
  loop_.lookAgain(*this);
  return sendRouted(*socket_, frames);
}

void FrameSource::refresh() {
  loop_.lookAgain(*this);
  socket_->get(ZMQ_EVENTS);
}

SendResult sendRouted(Socket& router, std::vector<Frame>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i].handOver();
    const int flags = ZMQ_DONTWAIT | (i + 1 < frames.size() ? ZMQ_SNDMORE : 0);
    while (zmq_msg_send(frames[i].native(), router.native(), flags) < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return SendResult::full;  // known at the first frame: the others are then taken
      if (errno == EHOSTUNREACH) return SendResult::gone;
      router.fail("send");
    }
  }
  return SendResult::sent;
}

int connectionOf(Frame& frame) { return zmq_msg_get(frame.native(), ZMQ_SRCFD); }

}  // namespace dividere::detail
