// A loop that runs in the program's own thread: runOnce() and descriptor().
#include "reactor_loop.hpp"

namespace dividere::detail {

bool ReactorLoop::runOnce(const Deadline& deadline) {
  fork_.require(who_ + ": runOnce");
  if (isAtWork_.exchange(true)) throw Error(Errc::outOfTurn, who_ + ": runOnce() is at work already");
  struct Work {
    ReactorLoop& loop;
    ~Work() {
      if (loop.isHosted_) loop.thread_.leaveCurrent();
      loop.isAtWork_ = false;
      loop.rests_.ring();
    }
  } const work{*this};
  if (!thread_.stopRequested()) requireHosted();
  if (isHosted_) thread_.adoptCurrent();
  const bool ranAny = !thread_.stopRequested() && runHosted(deadline);
  if (thread_.stopRequested()) {
    thread_.waker().drain();  // nothing is left to do
    endHosted();
  }
  return ranAny;
}

void ReactorLoop::requireHosted() {
  if (isHosted_) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (started_) throw Error(Errc::outOfTurn, who_ + ": runOnce() after start()");
  }
  open({});
  isHosted_ = true;
}

bool ReactorLoop::runHosted(const Deadline& deadline) {
  std::unique_lock<std::mutex> turn(turn_);
  ran_ = 0;
  do {
    wait(turn, deadline);
    callPosted();
    callDue();
    takeTurns();
  } while (ran_ == 0 && !thread_.stopRequested() && !deadline.passed());
  waitsUntil_ = timers_.nextDue();
  if (alarm_) alarm_->set(waitsUntil_);
  if (!turns_.isEmpty() || hasPosted_) thread_.waker().wake();
  return ran_ > 0;
}

/// Whoever is at work ends it, if this is called from there.
void ReactorLoop::stopHosted() {
  if (isAtWork_.exchange(true)) {
    if (!thread_.waitsFor()) return;
    rests_.wait([this] { return !isAtWork_.exchange(true); }, Deadline::never());
  }
  endHosted();
  isAtWork_ = false;
  rests_.ring();
}

void ReactorLoop::endHosted() {
  if (!isHosted_) return close();  // from now on it will not be
  std::lock_guard<std::mutex> turn(turn_);
  thread_.adoptCurrent();
  end();
  thread_.leaveCurrent();
}

int ReactorLoop::descriptor() {
  fork_.require(who_ + ": descriptor");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (started_ && !isHosted_) throw Error(Errc::outOfTurn, who_ + ": descriptor() after start()");
  }
  prepare();
  if (!alarm_) {
    alarm_.emplace();
    watch(alarm_->fd(), nullptr);
    if (!thread_.stopRequested()) thread_.waker().wake();  // for what there is by now
  }
  return epoll_.get();
}

}  // namespace dividere::detail
