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
  if (isOpen()) return true;
  addWaker(waker.fd());
  do {
    pollfd wake{waker.fd(), POLLIN, 0};
    ::poll(&wake, 1, deadline.pollTimeout());
    waker.drain();
  } while (!isOpen() && !deadline.passed());  // woken for something else
  removeWaker(waker.fd());
  return isOpen();
}

}  // namespace dividere::detail
