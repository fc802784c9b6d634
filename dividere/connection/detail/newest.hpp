#pragma once

// How a reader that reads seldom gets the newest messages.

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/waker.hpp"
#include "frame.hpp"
#include "intake.hpp"
#include "slots.hpp"
#include "socket.hpp"

namespace dividere::detail {

/// Stands between a Subscriber's socket and its owner, and keeps the newest message of each series.
///
/// A queue keeps the oldest messages: a PUB socket drops the newest one once the queue is full. So no queue may fill up: the
/// drainer's thread empties the socket while the owner does not read, under a lock that both take.
class Newest : public std::enable_shared_from_this<Newest> {
 public:
  /// Both outlive it, or end() is called before they go.
  Newest(Socket& socket, Intake& intake) : socket_(socket), intake_(intake), slots_(socket.maxMessageBytes()) {}

  // --- the owner's ---

  /// Has the drainer empty the socket from now on. Throws Error if there is no descriptor or no thread for it.
  void begin();

  /// On return nobody but the owner touches the socket. False, and nothing is done, in a forked child.
  bool end();

  /// Whether the drainer empties the socket: then the owner waits on descriptor(), and uses the socket in exclude() alone.
  bool isDrained() const noexcept { return isDrained_; }

  /// Readable while take() would return something at once.
  int descriptor() const noexcept { return signal_.fd(); }

  /// Whether take() would return a message, or throw, at once.
  bool ready();

  /// Waits for that; false if it was not so in time.
  bool wait(const Deadline& deadline);

  /// The next message, valid until the next call; null if none came in time. Throws what went wrong as it came.
  const Frame* take(const Deadline& deadline);

  /// Calls `use`, which may use the socket meanwhile.
  template <class Use>
  void exclude(const Use& use) {
    const auto lock = enter();
    use();
    takeAllIn();  // a call into libzmq may have taken a signal in that the drainer waits for
  }

  // --- the drainer's ---

  /// Empties the socket, if there is a signal or this was asked for. Whether it is to be called again soon.
  bool drain(bool isSignalled);

 private:
  std::unique_lock<std::mutex> enter();
  bool tryTake();
  bool await(const Deadline& deadline);
  void takeAllIn();
  bool takeIn();
  void keep();
  bool hasAny() const { return failure_ || !slots_.isEmpty(); }
  void setSignal();

  const ForkGuard fork_{};
  Socket& socket_;
  Intake& intake_;
  const Waker signal_;

  // The owner's thread alone.
  bool isDrained_ = false;
  Frame current_;

  std::mutex mutex_;
  std::atomic<bool> isWanted_{false};  // the owner waits for the mutex

  // Under mutex_, as is the socket while it is drained.
  bool hasEnded_ = true;
  bool isDue_ = false;  // the drainer is to look though there is no signal
  bool isSignalled_ = false;
  Slots slots_;
  std::exception_ptr failure_;  // of what has come last, or of the socket
};

}  // namespace dividere::detail
