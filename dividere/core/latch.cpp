#include "latch.hpp"

#include <poll.h>

#include <algorithm>

#include "waker.hpp"

namespace dividere::detail {

void Latch::open() {
  std::lock_guard<std::mutex> lock(mutex_);
  open_ = true;
  // Under the lock: who waits does not go before it has taken its descriptor back.
  for (int fd : waiting_) Waker::wake(fd);
  waiting_.clear();
}

bool Latch::isOpen() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return open_;
}

void Latch::addWaker(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(fd);
  if (open_) Waker::wake(fd);
}

void Latch::removeWaker(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), fd), waiting_.end());
}

bool Latch::wait(const Deadline& deadline) {
  const Waker& waker = Waker::ofThisThread();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (open_) return true;
    waiting_.push_back(waker.fd());
  }
  for (;;) {
    pollfd wake{waker.fd(), POLLIN, 0};
    ::poll(&wake, 1, deadline.pollTimeout());
    waker.drain();
    std::lock_guard<std::mutex> lock(mutex_);
    if (open_) return true;
    if (!deadline.passed()) continue;  // woken for something else
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), waker.fd()));
    return false;
  }
}

}  // namespace dividere::detail
