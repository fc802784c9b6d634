// Waiting for something that happens once.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <chrono>
#include <future>
#include <memory>

#include "dividere/core/detail/latch.hpp"
#include "dividere/core/detail/waker.hpp"
#include "support/limit.hpp"
#include "support/no_descriptors.hpp"

using namespace support;
using dividere::detail::Deadline;
using dividere::detail::Latch;
using dividere::detail::Waker;

TEST_CASE("whoever waits for a latch goes on when it is opened, or when time is up") {
  Latch latch;
  CHECK_FALSE(latch.wait(Deadline::in(std::chrono::milliseconds(1))));
  auto waits = std::async(std::launch::async, [&] { return latch.wait(Deadline::never()); });
  auto waitsToo = std::async(std::launch::async, [&] { return latch.wait(Deadline::in(kLimit)); });
  CHECK(waits.wait_for(kShort) == std::future_status::timeout);
  latch.open();
  CHECK(waits.get());
  CHECK(waitsToo.get());
  CHECK(latch.wait(Deadline::longAgo()));
}

TEST_CASE("a descriptor that waits for a latch is woken, also if it comes late") {
  const Waker early, late, gone;
  Latch latch;
  latch.addWaker(early.fd());
  latch.addWaker(gone.fd());
  latch.removeWaker(gone.fd());
  CHECK_FALSE(Waker::isReadable(early.fd()));
  latch.open();
  latch.addWaker(late.fd());
  CHECK(Waker::isReadable(early.fd()));
  CHECK(Waker::isReadable(late.fd()));
  CHECK_FALSE(Waker::isReadable(gone.fd()));
}

TEST_CASE("a thread that never waited before can wait for a latch when no descriptor is left" *
          doctest::skip(!support::kCanDoWithoutDescriptors)) {
  Latch latch;
  const NoDescriptors none;
  auto waits = std::async(std::launch::async, [&] { return latch.wait(Deadline::in(kLimit)); });
  latch.open();
  CHECK(waits.get());
}

TEST_CASE("a latch may be destroyed as soon as it was found open") {
  for (int i = 0; i < 1000; ++i) {
    auto latch = std::make_unique<Latch>();
    auto opens = std::async(std::launch::async, [&, opened = latch.get()] { opened->open(); });
    REQUIRE(latch->wait(Deadline::in(kLimit)));
    latch.reset();
  }
}
