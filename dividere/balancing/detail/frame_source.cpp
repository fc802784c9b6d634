#include "frame_source.hpp"

namespace dividere::detail {

int connectionOf(Frame& frame) { return zmq_msg_get(frame.native(), ZMQ_SRCFD); }

}  // namespace dividere::detail
