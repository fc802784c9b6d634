#include <doctest/doctest.h>

#include <chrono>
#include <climits>
#include <initializer_list>

#include "dividere/core/detail/deadline.hpp"

using dividere::detail::Deadline;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST_CASE("a time-out of zero or less has passed at once") {
  for (const milliseconds timeout : {0ms, -1ms, milliseconds::min()}) {
    CAPTURE(timeout.count());
    const Deadline deadline = Deadline::in(timeout);
    CHECK(deadline.passed());
    CHECK_FALSE(deadline.isNever());
    CHECK(deadline.pollTimeout() == 0);
  }
}

TEST_CASE("a time-out too long for the clock never passes") {
  const milliseconds longest = milliseconds::max();
  const dividere::Timeout longestTimeout = longest;
  for (const Deadline& deadline : {Deadline::in(longest), Deadline::in(longest - 1ms), Deadline::in(longest / 2),
                                   Deadline::in(nullptr), Deadline::in(&longestTimeout), Deadline::never()}) {
    CHECK(deadline.isNever());
    CHECK_FALSE(deadline.passed());
    CHECK(deadline.pollTimeout() == -1);
  }
}

TEST_CASE("a wait for a deadline is rounded up, so that it never ends early") {
  const Deadline deadline = Deadline::at(Deadline::Clock::now() + 3500us);
  for (;;) {
    const int timeout = deadline.pollTimeout();
    if (deadline.passed()) break;
    CHECK(timeout >= 1);
    CHECK(timeout <= 4);
  }
  CHECK(deadline.pollTimeout() == 0);
}

TEST_CASE("a deadline beyond what poll() can wait for is waited for in parts") {
  CHECK(Deadline::in(std::chrono::hours(24 * 60)).pollTimeout() == INT_MAX);
}

TEST_CASE("of two deadlines the earlier one counts") {
  const Deadline soon = Deadline::in(1h), later = Deadline::in(2h);
  CHECK(earlier(soon, later).when() == soon.when());
  CHECK(earlier(later, soon).when() == soon.when());
  CHECK(earlier(Deadline::never(), later).when() == later.when());
}
