#include "futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace dividere::detail {

static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free);

void sleepWhile(const FutexWord& word, std::uint32_t value, const Deadline& deadline) noexcept {
  const long left = deadline.pollTimeout();
  const struct {  // as this system call takes it, whatever the size of time_t
    long seconds, nanoseconds;
  } timeout{left / 1000, left % 1000 * 1000000};
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, left < 0 ? nullptr : &timeout, nullptr, 0);
}

void wakeSleepers(const FutexWord& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace dividere::detail
