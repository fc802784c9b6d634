#pragma once

// The one thread that empties the sockets of slow readers.

#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/detail/waker.hpp"

namespace dividere::detail {

class Newest;

/// The thread, which lives while there is anything to empty. It is not the watcher's: that one calls handlers of the
/// program's, which may take their time. Any thread.
class Drainer {
 public:
  Drainer() = default;
  Drainer(const Drainer&) = delete;
  Drainer& operator=(const Drainer&) = delete;

  /// `descriptor`: the socket's. Throws Error if there is no descriptor or no thread for it, and then it is not drained.
  void add(const std::shared_ptr<Newest>& newest, int descriptor);

  /// After its hasEnded_: a drain() that is called later does nothing.
  void remove(Newest& newest, int descriptor);

  /// Some are due though their sockets give no signal.
  void wake() const { waker_->wake(); }

  /// What wake() wakes, once there is one.
  int wakeDescriptor() const { return waker_->fd(); }

 private:
  void start();
  void stopIfIdle();
  void run();
  bool isEnding();
  bool drain(Newest* signalled);
  bool drainDue();

  std::mutex membership_;  // held while the thread starts or ends, which never takes it

  // Under membership_; the thread sees it as it was at its start.
  std::unique_ptr<Waker> waker_;
  OwnedDescriptor epoll_;
  std::thread thread_;

  // Under mutex_.
  std::mutex mutex_;
  std::map<Newest*, std::shared_ptr<Newest>> all_;
  bool isEnding_ = false;
};

}  // namespace dividere::detail
