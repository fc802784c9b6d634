#include "dividere/registry/detail/host_names.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "support/notes.hpp"

using dividere::detail::whenHostIsFound;

TEST_CASE("an address is found at once, a name in another thread") {
  const auto wanted = std::make_shared<bool>();
  for (const char* address : {"127.0.0.1", "::1", "[fe80::1]"}) {
    bool isFound = false;
    whenHostIsFound(address, wanted, [&] { isFound = true; });
    CHECK(isFound);
  }
  support::Notes<std::thread::id> threads;
  whenHostIsFound("localhost", wanted, [&] { threads.add(std::this_thread::get_id()); });
  REQUIRE(threads.reach(1));
  CHECK(threads.all().front() != std::this_thread::get_id());
}

TEST_CASE(
    "a name that nobody has is not found, and keeps none from being so; what is not wanted any more is forgotten") {
  const auto wanted = std::make_shared<bool>();
  auto passing = std::make_shared<bool>();
  const auto isWrong = std::make_shared<std::atomic<bool>>(false);
  support::Event found;
  for (int i = 0; i < 3; ++i) whenHostIsFound("nobody.invalid", wanted, [isWrong] { *isWrong = true; });
  whenHostIsFound("localhost", wanted, [&] { found.happen(); });
  CHECK(found.wait());
  const std::weak_ptr<bool> gone = passing;
  passing.reset();
  whenHostIsFound("localhost", gone, [isWrong] { *isWrong = true; });
  support::Event again;
  whenHostIsFound("localhost", wanted, [&] { again.happen(); });
  CHECK(again.wait());
  CHECK_FALSE(*isWrong);
}
