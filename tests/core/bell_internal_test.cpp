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
