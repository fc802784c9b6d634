#pragma once

// Where the memory of frames comes from.

#include <zmq.h>

#include <cstddef>

namespace dividere::detail {

/// As zmq_msg_init_size(); false if there is no memory. Any thread.
///
/// One thread allocates a frame, libzmq's thread frees it, and they contend for malloc()'s lock. So frames of up to 2 KiB
/// use blocks that go from thread to thread without a lock and are reused. Of each size (128, 256, 512, 1024, 2048
/// bytes) some 500 blocks are kept, and up to 64 more for each thread. (For larger frames copying costs more than
/// malloc().)
bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept;

}  // namespace dividere::detail
