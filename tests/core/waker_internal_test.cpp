#include <doctest/doctest.h>
#include <fcntl.h>
#include <dividere.hpp>

#include <thread>

#include "dividere/core/detail/waker.hpp"

using dividere::detail::Waker;

TEST_CASE("a thread has a waker to its very end, when objects older than it are destroyed") {
  bool isOpen = false;
  std::thread([&] {
    struct Last {
      bool& isOpen;
      ~Last() { isOpen = ::fcntl(Waker::ofThisThread().fd(), F_GETFD) >= 0; }
    };
    static thread_local Last last{isOpen};
    CHECK(::fcntl(Waker::ofThisThread().fd(), F_GETFD) >= 0);
  }).join();
  CHECK(isOpen);
}
