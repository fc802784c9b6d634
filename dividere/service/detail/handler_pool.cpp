#include "handler_pool.hpp"

#include <poll.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace dividere::detail {

// A job for each thread that becomes free, without the wait for the loop's thread.
HandlerPool::HandlerPool(std::size_t threads, Hooks hooks)
    : hooks_(std::move(hooks)), most_(threads), working_(threads), seats_(threads), threads_(threads) {
  for (Seat& seat : seats_) seat.job.control = std::make_shared<CallControl>();
}

void HandlerPool::start() {
  auto seat = seats_.begin();
  for (StoppableThread& thread : threads_) {
    thread.start("dividere-handle", [this, &thread, &own = *seat++] { work(thread.waker(), own); });
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

// --- What reaches jobs ---

bool HandlerPool::Seat::isOf(const connection::Route& other) const {
  return route && steps == other.size() && std::equal(other.begin(), other.end(), route);
}

std::size_t HandlerPool::cancel(const connection::Route& route) {
  std::deque<Job> forgotten;  // let go of without the lock
  std::shared_ptr<CallControl> control;
  CallControl::Hook hook;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto isWanted = [&](const Job& job) { return job.route != route; };
    const auto first = std::stable_partition(waiting_.begin(), waiting_.end(), isWanted);
    std::move(first, waiting_.end(), std::back_inserter(forgotten));
    waiting_.erase(first, waiting_.end());
    control = controlOf(route);
    // Under the lock: its thread goes on to no other job meanwhile.
    if (control) hook = control->markCancelled();
  }
  if (control) control->runHook(hook);
  return forgotten.size();
}

bool HandlerPool::addCredit(const connection::Route& route, std::uint32_t parts) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto control = controlOf(route);
  if (control) control->addCredit(parts);
  return control != nullptr;
}

std::shared_ptr<CallControl> HandlerPool::controlOf(const connection::Route& route) const {
  const auto seat = std::find_if(seats_.begin(), seats_.end(), [&](const Seat& each) { return each.isOf(route); });
  return seat == seats_.end() ? nullptr : seat->job.control;
}

// --- The threads ---

void HandlerPool::work(const Waker& waker, Seat& seat) {
  while (next(seat, waker)) hooks_.handle(seat.job);
  bool isLast;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isLast = --working_ == 0;
  }
  if (isLast) hooks_.lastHasEnded();
}

bool HandlerPool::next(Seat& seat, const Waker& waker) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      seat.route = nullptr;
      if (stopping_) return false;
      if (!waiting_.empty()) {
        const bool wasFull = waiting_.size() >= most_;
        take(seat);
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

/// Under mutex_.
void HandlerPool::take(Seat& seat) {
  auto control = seat.job.isDeferred ? std::make_shared<CallControl>() : std::move(seat.job.control);
  seat.job = std::move(waiting_.front());
  waiting_.pop_front();
  control->reset();
  seat.job.control = std::move(control);
  seat.route = seat.job.route.data();
  seat.steps = seat.job.route.size();
}

void HandlerPool::requestStop() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  for (const Waker* waker : idle_) waker->wake();
  for (const Seat& seat : seats_) {
    if (seat.job.control) seat.job.control->stopWaiting();
  }
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
