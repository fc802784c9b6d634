#include "closed_sockets.hpp"

#include <algorithm>
#include <chrono>

namespace dividere::detail {

// How much later than a socket's linger time libzmq's own timer may go off.
constexpr std::chrono::milliseconds kLingerGrace{100};

void ClosedSockets::add(const Watch* watch, Clock::time_point closeBy) {
  std::lock_guard<std::mutex> lock(mutex_);
  closeBy_.emplace(watch, closeBy);
}

void ClosedSockets::remove(const Watch* watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  closeBy_.erase(watch);
  ++releases_;
  changed_.notify_all();
}

void ClosedSockets::noteRelease() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++releases_;
  changed_.notify_all();
}

std::uint64_t ClosedSockets::releases() {
  std::lock_guard<std::mutex> lock(mutex_);
  return releases_;
}

bool ClosedSockets::awaitRelease(std::uint64_t seen, const Deadline& deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto moved = [&] { return releases_ != seen; };
  while (!moved()) {
    if (closeBy_.empty() || deadline.passed()) return false;
    changed_.wait_until(lock, deadline.when(), [&] { return moved() || closeBy_.empty(); });
  }
  return true;
}

void ClosedSockets::awaitAllSent() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!closeBy_.empty()) {
    const auto last = lastCloseBy();
    if (last == Clock::time_point::max()) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, last + kLingerGrace) == std::cv_status::timeout) {
      return;  // libzmq has given up too, by now
    }
  }
}

/// Under mutex_.
ClosedSockets::Clock::time_point ClosedSockets::lastCloseBy() const {
  auto last = Clock::time_point::min();
  for (const auto& [watch, closeBy] : closeBy_) last = std::max(last, closeBy);
  return last;
}

}  // namespace dividere::detail
