#include "alarm_clock.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "../error.hpp"

namespace dividere::detail {

AlarmClock::AlarmClock() : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!timer_) throw Error({errno, std::generic_category()}, "timerfd");
}

void AlarmClock::set(Deadline::Clock::time_point due) noexcept {
  if (due == due_) return;
  due_ = due;
  itimerspec time{};  // all zero: never
  if (due != Deadline::Clock::time_point::max()) {
    using namespace std::chrono;
    const auto left = std::max<nanoseconds>(due - Deadline::Clock::now(), nanoseconds(1));
    time.it_value.tv_sec = static_cast<time_t>(duration_cast<seconds>(left).count());
    time.it_value.tv_nsec = static_cast<long>((left % seconds(1)).count());
  }
  ::timerfd_settime(timer_.get(), 0, &time, nullptr);
}

}  // namespace dividere::detail
