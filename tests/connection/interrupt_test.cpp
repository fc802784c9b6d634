// Waits on sockets that are ended by an Interrupt.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <dividere.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "support/limit.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Interrupt;

namespace {

constexpr auto kForEver = std::chrono::milliseconds::max();

/// One of each kind, whose peers say nothing unless they are asked to.
struct Silent {
  Publisher publisher{"tcp://127.0.0.1:*"};
  Subscriber subscriber{publisher.endpoint()};
  Response response{"tcp://127.0.0.1:*"};
  Request request{response.endpoint()};
  Response idle{"tcp://127.0.0.1:*"};
  Dealer dealer{"tcp://127.0.0.1:*"};

  Silent() {
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    request.send("asked");
    REQUIRE(response.recv(kLimit) == "asked");
  }

  using Wait = std::function<bool(const Interrupt&)>;

  /// Whether they got what they wait for.
  std::vector<Wait> waits() {
    return {
        [&](const Interrupt& interrupt) { return subscriber.recv(kForEver, interrupt).has_value(); },
        [&](const Interrupt& interrupt) { return subscriber.wait(kForEver, interrupt); },
        [&](const Interrupt& interrupt) { return request.recv(kForEver, interrupt).has_value(); },
        [&](const Interrupt& interrupt) { return request.wait(kForEver, interrupt); },
        [&](const Interrupt& interrupt) { return idle.recv(kForEver, interrupt).has_value(); },
        [&](const Interrupt& interrupt) { return idle.wait(kForEver, interrupt); },
        [&](const Interrupt& interrupt) { return dealer.recv(kForEver, interrupt).has_value(); },
        [&](const Interrupt& interrupt) { return dealer.wait(kForEver, interrupt); },
        [&](const Interrupt& interrupt) { return publisher.waitForSubscribers(2, kForEver, interrupt); },
    };
  }
};

Interrupt* raised = nullptr;

}  // namespace

TEST_CASE("every wait on a socket ends when its interrupt is raised, now or before, until that is reset") {
  Silent sockets;
  Interrupt interrupt;
  std::size_t which = 0;
  for (const auto& wait : sockets.waits()) {
    CAPTURE(which++);
    interrupt.reset();
    auto gotSomething = std::async(std::launch::async, [&] { return wait(interrupt); });
    CHECK(gotSomething.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout);
    interrupt.raise();
    CHECK_FALSE(gotSomething.get());
    CHECK_FALSE(wait(interrupt));
  }
}

TEST_CASE("one interrupt ends the waits of many threads") {
  Silent sockets;
  Interrupt interrupt;
  std::vector<std::future<bool>> waits;
  const auto wait = [&](auto& socket) {
    waits.push_back(std::async(std::launch::async, [&] { return socket.wait(kForEver, interrupt); }));
  };
  wait(sockets.subscriber);
  wait(sockets.request);
  wait(sockets.idle);
  wait(sockets.dealer);
  interrupt.raise();
  for (auto& each : waits) CHECK_FALSE(each.get());
}

TEST_CASE("a message that is there is received though the interrupt is raised") {
  Silent sockets;
  sockets.response.send("reply");
  sockets.publisher.send("news");
  REQUIRE(sockets.request.wait(kLimit));
  REQUIRE(sockets.subscriber.wait(kLimit));
  Interrupt interrupt;
  interrupt.raise();
  CHECK(sockets.subscriber.recv(kForEver, interrupt) == "news");
  CHECK(sockets.request.recv(kForEver, interrupt) == "reply");
  CHECK(sockets.publisher.waitForSubscribers(1, kForEver, interrupt));
}

TEST_CASE("a message that comes is received by a wait that has an interrupt") {
  Silent sockets;
  const Interrupt interrupt;
  auto received = std::async(std::launch::async, [&] { return sockets.subscriber.recv(kForEver, interrupt); });
  CHECK(received.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout);
  sockets.publisher.send("news");
  CHECK(received.get() == "news");
}

TEST_CASE("a request whose wait was interrupted may be waited for again, or followed by another") {
  Silent sockets;
  Interrupt interrupt;
  interrupt.raise();
  CHECK_FALSE(sockets.request.recv(kForEver, interrupt));
  sockets.response.send("reply");
  CHECK(sockets.request.recv(kLimit) == "reply");
  sockets.request.send("again");
  CHECK_FALSE(sockets.request.recv(kForEver, interrupt));
  sockets.request.send("and again");
}

TEST_CASE("a signal handler ends the wait of the thread it interrupts") {
  Silent sockets;
  Interrupt interrupt;
  raised = &interrupt;
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { raised->raise(); };
  ::sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> gotSomething{true};
  std::thread waits([&] { gotSomething = sockets.subscriber.recv(kForEver, interrupt).has_value(); });
  ::pthread_kill(waits.native_handle(), SIGUSR1);
  waits.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK_FALSE(gotSomething);
}

TEST_CASE("an interrupt ends the wait of a send for room") {
  Dealer alone{"tcp://127.0.0.1:*"};
  SocketOptions options;
  options.sendQueue = options.receiveQueue = 1;
  options.waitWhenFull = true;
  Publisher publisher("tcp://127.0.0.1:*", options);
  Subscriber reads(publisher.endpoint(), "", options);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::string much(1 << 20, 'x');
  const std::vector<std::function<bool(const Interrupt&)>> sends{
      [&](const Interrupt& interrupt) { return alone.send("", kForEver, interrupt); },
      [&](const Interrupt& interrupt) { return alone.send(Route{"a"}, "", kForEver, interrupt); },
      [&](const Interrupt& interrupt) {
        while (publisher.send(much, kForEver, interrupt)) {
        }
        return false;
      },
  };
  for (const auto& send : sends) {
    Interrupt interrupt;
    auto sent = std::async(std::launch::async, [&] { return send(interrupt); });
    interrupt.raise();
    CHECK_FALSE(sent.get());
  }
}
