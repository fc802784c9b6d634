#pragma once

// Where the memory of frames comes from. Implementation only.

#include <zmq.h>

#include <cstddef>

namespace dividere::detail {

/// As zmq_msg_init_size(); false if there is no memory. Any thread.
///
/// What the thread of a socket allocates libzmq's thread frees, and malloc() makes the one wait for the other over it. So
/// the memory of frames of 1 to 2 KiB comes back without a lock and is used again: about a megabyte is kept, and as much
/// for each thread that sends. (Smaller frames malloc() keeps at hand itself; of larger ones the copying takes the time.)
bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept;

}  // namespace dividere::detail
