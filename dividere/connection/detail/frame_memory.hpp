#pragma once

// Where the memory of frames comes from.

#include <zmq.h>

#include <cstddef>

namespace dividere::detail {

/// As zmq_msg_init_size(); false if there is no memory. Any thread.
///
/// What the thread of a socket allocates libzmq's thread frees, and malloc() makes the one wait for the other over it. So
/// the memory of frames of up to 2 KiB goes from thread to thread without a lock and is used again. Of each size (128, 256,
/// 512, 1024, 2048 bytes) some 500 blocks are kept, and up to 64 for each thread. (Of larger frames the copying takes the
/// time.)
bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept;

}  // namespace dividere::detail
