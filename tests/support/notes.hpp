#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "limit.hpp"

namespace support {

/// What handlers noted, in order, for the test's thread to wait for.
template <class T>
class Notes {
 public:
  void add(T note) {
    const std::lock_guard<std::mutex> lock(mutex_);
    notes_.push_back(std::move(note));
    changed_.notify_all();
  }

  /// Whether there came to be this many.
  bool reach(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return notes_.size() >= count; });
  }

  bool reachOne(const T& wanted) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return std::count(notes_.begin(), notes_.end(), wanted) > 0; });
  }

  std::vector<T> all() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return notes_;
  }

  std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> notes_;
};

/// Something that happens once.
class Event {
 public:
  void happen() { notes_.add(true); }
  bool wait() { return notes_.reach(1); }
  bool happened() const { return notes_.count() > 0; }

 private:
  Notes<bool> notes_;
};

}  // namespace support
