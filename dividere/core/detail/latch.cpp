#include "latch.hpp"

#include <poll.h>

#include <algorithm>

#include "waker.hpp"

namespace dividere::detail {

void Latch::open() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool isSleptOn = state_.exchange(kOpen, std::memory_order_relaxed) == kSleptOn;
  // Under the lock: who waits does not go before it has taken its descriptor back.
  for (int fd : waiting_) Waker::wake(fd);
  waiting_.clear();
  if (isSleptOn) wakeSleepers(state_);  // a system call, which most latches can do without
}

// The lock also makes whoever finds it open, and may destroy it then, wait for the end of open().
bool Latch::isOpen() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return state_.load(std::memory_order_relaxed) == kOpen;
}

/// Whether it is open; if not, open() will wake those who sleep.
bool Latch::hasOpenedOrWillWake() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_.load(std::memory_order_relaxed) == kOpen) return true;
  state_.store(kSleptOn, std::memory_order_relaxed);
  return false;
}

void Latch::addWaker(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(fd);
  if (state_.load(std::memory_order_relaxed) == kOpen) Waker::wake(fd);
}

void Latch::removeWaker(int fd) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), fd), waiting_.end());
}

bool Latch::wait(const Deadline& deadline) {
  if (deadline.interruptFd() >= 0) return waitInterruptibly(deadline);
  while (!isOpen()) {
    if (deadline.passed()) return false;
    if (!hasOpenedOrWillWake()) sleepWhile(state_, kSleptOn, deadline);
  }
  return true;
}

// Nobody can sleep on a word in memory and on a descriptor at once.
bool Latch::waitInterruptibly(const Deadline& deadline) {
  struct Woken {
    Latch& latch;
    const Waker& waker = Waker::ofThisThread();
    explicit Woken(Latch& of) : latch(of) { latch.addWaker(waker.fd()); }
    ~Woken() {
      latch.removeWaker(waker.fd());
      waker.drain();
    }
  } const woken(*this);
  while (!isOpen()) {
    if (deadline.passed()) return false;
    pollfd waits[] = {{woken.waker.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
    ::poll(waits, 2, deadline.pollTimeout());
  }
  return true;
}

}  // namespace dividere::detail
