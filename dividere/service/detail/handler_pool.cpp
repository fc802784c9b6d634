#include "handler_pool.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace dividere::detail {

// A job for each thread that becomes free, without the wait for the loop's thread.
HandlerPool::HandlerPool(std::size_t threads, Hooks hooks)
    : hooks_(std::move(hooks)), most_(threads), working_(threads), threads_(threads) {}

void HandlerPool::start() {
  for (StoppableThread& thread : threads_) {
    thread.start("dividere-handle", [this, &thread] { work(thread.waker()); });
  }
}

bool HandlerPool::isFull() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size() >= most_ || stopping_;
}

void HandlerPool::add(Job job) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(job));
  if (idle_.empty()) return;
  idle_.back()->wake();
  idle_.pop_back();
}

void HandlerPool::work(const Waker& waker) {
  for (Job job; next(job, waker);) hooks_.handle(job);
  bool isLast;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isLast = --working_ == 0;
  }
  if (isLast) hooks_.lastHasEnded();
}

bool HandlerPool::next(Job& job, const Waker& waker) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (stopping_) return false;
      if (!waiting_.empty()) {
        const bool wasFull = waiting_.size() >= most_;
        job = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        if (wasFull) hooks_.hasRoom();
        return true;
      }
      if (std::find(idle_.begin(), idle_.end(), &waker) == idle_.end()) idle_.push_back(&waker);
    }
    pollfd wake{waker.fd(), POLLIN, 0};
    ::poll(&wake, 1, -1);
    waker.drain();
  }
}

void HandlerPool::requestStop() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  for (const Waker* waker : idle_) waker->wake();
}

void HandlerPool::stop() {
  requestStop();
  for (StoppableThread& thread : threads_) thread.stop();
}

std::deque<HandlerPool::Job> HandlerPool::takeRest() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(waiting_, {});
}

bool HandlerPool::isCurrent() const {
  return std::any_of(threads_.begin(), threads_.end(), [](const StoppableThread& each) { return each.isCurrent(); });
}

}  // namespace dividere::detail
