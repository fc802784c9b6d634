#include <doctest/doctest.h>

#include <dividere/core/detail/bell.hpp>

#include <atomic>
#include <future>
#include <vector>

#include "support/limit.hpp"

using dividere::detail::Bell;
using dividere::detail::Deadline;

TEST_CASE("who waits for a bell goes on once things are as wanted, however often it rings before") {
  Bell bell;
  std::atomic<int> count{0};
  std::vector<std::future<bool>> waiting;
  for (int wanted = 1; wanted <= 3; ++wanted) {
    waiting.push_back(std::async(std::launch::async, [&, wanted] {
      return bell.wait([&] { return count >= wanted; }, Deadline::in(support::kLimit));
    }));
  }
  for (auto& each : waiting) {
    ++count;
    bell.ring();
    CHECK(each.get());
  }
}

TEST_CASE("what is as wanted already needs no bell, and what never is ends with the deadline") {
  Bell bell;
  CHECK(bell.wait([] { return true; }, Deadline::longAgo()));
  CHECK_FALSE(bell.wait([] { return false; }, Deadline::in(std::chrono::milliseconds(1))));
}

TEST_CASE("who waits for a bell with an interrupt goes on once either is so") {
  Bell bell;
  dividere::Interrupt interrupt;
  const dividere::Timeout limit = support::kLimit;
  std::atomic<bool> isMet{false};
  const auto wait = [&] { return bell.wait([&] { return isMet.load(); }, Deadline::in(&limit, &interrupt)); };
  auto waiting = std::async(std::launch::async, wait);
  bell.ring();
  isMet = true;
  bell.ring();
  CHECK(waiting.get());
  CHECK(wait());
  isMet = false;
  waiting = std::async(std::launch::async, wait);
  interrupt.raise();
  CHECK_FALSE(waiting.get());
}
