#include "latch.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "waker.hpp"

namespace dividere::detail {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && std::atomic<std::uint32_t>::is_always_lock_free);

/// Sleeps while the word is 0, or until a deadline that may pass a little later; may return for no reason.
static void sleepWhileZero(const std::atomic<std::uint32_t>& word, const Deadline& deadline) noexcept {
  const long left = deadline.pollTimeout();
  const struct {  // as this system call takes it, whatever the size of time_t
    long seconds, nanoseconds;
  } timeout{left / 1000, left % 1000 * 1000000};
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, left < 0 ? nullptr : &timeout, nullptr, 0);
}

void Latch::open() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  open_.store(1, std::memory_order_relaxed);
  // Under the lock: who waits does not go before it has taken its descriptor back.
  for (int fd : waiting_) Waker::wake(fd);
  waiting_.clear();
  ::syscall(SYS_futex, &open_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// The lock also makes whoever finds it open, and may destroy it then, wait for the end of open().
bool Latch::isOpen() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return open_.load(std::memory_order_relaxed) != 0;
}

void Latch::addWaker(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(fd);
  if (open_.load(std::memory_order_relaxed) != 0) Waker::wake(fd);
}

void Latch::removeWaker(int fd) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), fd), waiting_.end());
}

bool Latch::wait(const Deadline& deadline) noexcept {
  while (!isOpen()) {
    if (deadline.passed()) return false;
    sleepWhileZero(open_, deadline);
  }
  return true;
}

}  // namespace dividere::detail
