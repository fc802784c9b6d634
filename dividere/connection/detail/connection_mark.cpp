#include "connection_mark.hpp"

namespace dividere::detail {

const void* ConnectionMark::keyOf(const Frame& frame) {
  return zmq_msg_gets(const_cast<Frame&>(frame).native(), "Socket-Type");
}

int ConnectionMark::descriptor() const { return frame_.sourceDescriptor(); }

}  // namespace dividere::detail
