#pragma once

// Sockets that are closed and still sending.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

class Watch;

/// libzmq closes sockets in the background: they keep sending what they had accepted, and keep their port and their place in
/// the context meanwhile. This knows which ones do. Any thread.
class ClosedSockets {
 public:
  using Clock = Deadline::Clock;

  /// Before zmq_close(); `closeBy` is when libzmq gives up what is not sent.
  void add(const Watch* watch, Clock::time_point closeBy);

  /// libzmq has let go of all that the socket had.
  void remove(const Watch* watch);

  /// libzmq has let go of a listener.
  void noteRelease();

  /// A count that moves when a closed socket lets go of a listener or of everything.
  std::uint64_t releases();

  /// Waits for releases() to differ from `seen`; false at once if no closed socket is left, or when time is up.
  bool awaitRelease(std::uint64_t seen, const Deadline& deadline);

  /// Waits for every closed socket to have sent what it had, or for its linger time to be over.
  void awaitAllSent();

 private:
  Clock::time_point lastCloseBy() const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const Watch*, Clock::time_point> closeBy_;  // under mutex_
  std::uint64_t releases_ = 0;                         // under mutex_
};

}  // namespace dividere::detail
