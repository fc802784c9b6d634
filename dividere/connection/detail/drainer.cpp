#include "drainer.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "../../core/detail/thread.hpp"
#include "../../core/error.hpp"
#include "newest.hpp"

namespace dividere::detail {

void Drainer::add(const std::shared_ptr<Newest>& newest, int descriptor) {
  std::lock_guard<std::mutex> membership(membership_);
  if (!thread_.joinable()) start();
  epoll_event interest{};
  interest.events =
      EPOLLIN | EPOLLET;  // drain() takes in all signals; a socket that fails is not looked at again and again
  interest.data.ptr = newest.get();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0) {
    const int error = errno;
    stopIfIdle();
    throw Error({error, std::generic_category()}, "epoll_ctl");
  }
  std::lock_guard<std::mutex> lock(mutex_);
  all_.emplace(newest.get(), newest);
  waker_->wake();
}

void Drainer::start() {
  if (!waker_) waker_ = std::make_unique<Waker>();
  OwnedDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) throw Error({errno, std::generic_category()}, "epoll_create1");
  epoll_event wakeUp{};
  wakeUp.events = EPOLLIN;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, waker_->fd(), &wakeUp);
  epoll_ = std::move(epoll);
  isEnding_ = false;
  thread_ = startThread("dividere-fresh", [this] { run(); });
}

void Drainer::remove(Newest& newest, int descriptor) {
  std::lock_guard<std::mutex> membership(membership_);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.erase(&newest);
  }
  stopIfIdle();
}

// Joined, as tools that look for leaks report a thread that has ended unjoined.
void Drainer::stopIfIdle() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!all_.empty()) return;
    isEnding_ = true;
  }
  waker_->wake();
  thread_.join();
}

// --- its thread ---

void Drainer::run() {
  bool isMoreDue = false;
  epoll_event ready[64];
  while (!isEnding()) {
    const int count = ::epoll_wait(epoll_.get(), ready, 64, isMoreDue ? 0 : -1);
    bool isWoken = isMoreDue;
    isMoreDue = false;
    for (int i = 0; i < count; ++i) {
      auto* const newest = static_cast<Newest*>(ready[i].data.ptr);
      if (newest) {
        isMoreDue = drain(newest) || isMoreDue;
      } else {
        waker_->drain();
        isWoken = true;
      }
    }
    if (isWoken) isMoreDue = drainDue() || isMoreDue;
  }
}

bool Drainer::isEnding() {
  std::lock_guard<std::mutex> lock(mutex_);
  return isEnding_;
}

/// Whether there is more.
bool Drainer::drain(Newest* signalled) {
  std::shared_ptr<Newest> newest;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = all_.find(signalled);
    if (found == all_.end()) return false;
    newest = found->second;
  }
  return newest->drain(true);
}

/// The same for all that are due without a signal.
bool Drainer::drainDue() {
  std::vector<std::shared_ptr<Newest>> all;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, newest] : all_) all.push_back(newest);
  }
  bool isMore = false;
  for (const auto& newest : all) isMore = newest->drain(false) || isMore;
  return isMore;
}

}  // namespace dividere::detail
