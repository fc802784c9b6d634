#include "connection_mark.hpp"

namespace dividere::detail {

const void* ConnectionMark::keyOf(const Frame& frame) {
  return zmq_msg_gets(const_cast<Frame&>(frame).native(), "Socket-Type");
}

int ConnectionMark::descriptor() const { return zmq_msg_get(const_cast<Frame&>(frame_).native(), ZMQ_SRCFD); }

}  // namespace dividere::detail
