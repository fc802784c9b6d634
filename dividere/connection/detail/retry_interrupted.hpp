#pragma once

// Calls that a signal may interrupt.

#include <cerrno>

namespace dividere::detail {

inline bool hasFailed(int result) noexcept { return result < 0; }
inline bool hasFailed(const void* result) noexcept { return !result; }

/// Repeats a call of libzmq as long as a signal interrupts it; what it returns at last, with errno for an error. Not for a
/// call with a time-out, which would begin anew.
///
/// zmq_bind(), zmq_connect() and others look first for what libzmq's threads have to say. A signal ends that look, and nothing
/// has been done then.
template <class Call>
auto retryInterrupted(const Call& call) {
  auto result = call();
  while (hasFailed(result) && errno == EINTR) result = call();
  return result;
}

}  // namespace dividere::detail
