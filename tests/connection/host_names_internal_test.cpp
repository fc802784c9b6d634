#include "dividere/connection/detail/host_names.hpp"

#include <doctest/doctest.h>
#include <zmq.h>

#include <atomic>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "dividere/connection/detail/socket.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/notes.hpp"

using dividere::detail::Deadline;
using dividere::detail::Socket;
using dividere::detail::whenHostIsFound;

TEST_CASE("an address is found at once, a name in another thread") {
  const auto wanted = std::make_shared<bool>();
  for (const char* address : {"127.0.0.1", "::1", "[fe80::1]"}) {
    bool isFound = false;
    whenHostIsFound("test", address, wanted, [&] { isFound = true; });
    CHECK(isFound);
  }
  support::Notes<std::thread::id> threads;
  whenHostIsFound("test", "localhost", wanted, [&] { threads.add(std::this_thread::get_id()); });
  REQUIRE(threads.reach(1));
  CHECK(threads.all().front() != std::this_thread::get_id());
}

TEST_CASE(
    "a name that nobody has is not found, and keeps none from being so; what is not wanted any more is forgotten") {
  const auto wanted = std::make_shared<bool>();
  auto passing = std::make_shared<bool>();
  const auto isWrong = std::make_shared<std::atomic<bool>>(false);
  support::Event found;
  for (int i = 0; i < 3; ++i) whenHostIsFound("test", "nobody.invalid", wanted, [isWrong] { *isWrong = true; });
  whenHostIsFound("test", "localhost", wanted, [&] { found.happen(); });
  CHECK(found.wait());
  const std::weak_ptr<bool> gone = passing;
  passing.reset();
  whenHostIsFound("test", "localhost", gone, [isWrong] { *isWrong = true; });
  support::Event again;
  whenHostIsFound("test", "localhost", wanted, [&] { again.happen(); });
  CHECK(again.wait());
  CHECK_FALSE(*isWrong);
}

TEST_CASE("that a name is not found is said once, in the name of whoever asked, and an address is not looked up") {
  const support::LogCapture log(dividere::LogLevel::warning);
  const auto wanted = std::make_shared<bool>();
  whenHostIsFound("registry::Subscriber 'camera'", "absent.invalid", wanted, [] {});
  REQUIRE(log.wait("host 'absent.invalid' is not found"));
  CHECK(log.lines("absent")[0].component == "registry::Subscriber 'camera'");
  CHECK(dividere::detail::isHostAddress("127.0.0.1"));
  CHECK(dividere::detail::isHostAddress("[::1]"));
  CHECK_FALSE(dividere::detail::isHostAddress("localhost"));
}

TEST_CASE("a socket of a loop connects once its host is found") {
  Socket bound("test", ZMQ_ROUTER, {});
  bound.bind("tcp://127.0.0.1:*");
  for (const std::string host : {"LocalHost", "127.0.0.1"}) {
    CAPTURE(host);
    Socket socket("test", ZMQ_DEALER, {});
    socket.connectOnceFound("tcp://" + host + ":" + std::to_string(bound.port()));
    CHECK(socket.endpoint() == "tcp://" + host + ":" + std::to_string(bound.port()));
    CHECK(socket.awaitUp(1, Deadline::in(support::kLimit)));
  }
  Socket socket("test", ZMQ_DEALER, {});
  CHECK_THROWS_AS(socket.connectOnceFound("tcp://localhost"), dividere::Error);
}
