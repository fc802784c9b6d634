#include "bell.hpp"

#include <poll.h>

#include <algorithm>

#include "waker.hpp"

namespace dividere::detail {

Bell::Poller::Poller(Bell& bell) : bell_(bell), waker_(Waker::ofThisThread()) {
  std::lock_guard<std::mutex> lock(bell.mutex_);
  bell.waiting_.push_back(waker_.fd());
  bell.pollers_.store(bell.waiting_.size());
}

Bell::Poller::~Poller() {
  std::lock_guard<std::mutex> lock(bell_.mutex_);
  bell_.waiting_.erase(std::find(bell_.waiting_.begin(), bell_.waiting_.end(), waker_.fd()));
  bell_.pollers_.store(bell_.waiting_.size());
  waker_.drain();
}

void Bell::Poller::wait(const Deadline& deadline) const noexcept {
  pollfd waits[] = {{waker_.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
  ::poll(waits, 2, deadline.pollTimeout());
  waker_.drain();
}

void Bell::wakePollers() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const int fd : waiting_) Waker::wake(fd);
}

}  // namespace dividere::detail
