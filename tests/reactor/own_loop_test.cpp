// A reactor in a loop of the program's own.

#include <poll.h>

#include <atomic>
#include <future>
#include <thread>

#include "kit.hpp"
#include "support/eventually.hpp"

using namespace kit;
using dividere::Errc;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::reactor::MtMsgReactor;

namespace {

bool isReadable(const MtMsgReactor& reactor, std::chrono::milliseconds limit = 0ms) {
  pollfd wait{reactor.descriptor(), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
}

/// A loop that runs the reactor when its descriptor says so, and at no other time.
template <class Condition>
bool runUntil(MtMsgReactor& reactor, const Condition& met) {
  while (!met()) {
    if (!isReadable(reactor, kLimit)) return false;
    reactor.runOnce(0ms);
  }
  return true;
}

/// Whether there comes to be nothing to do any more, and the descriptor says so.
bool settles(MtMsgReactor& reactor) {
  return support::eventually([&] {
    while (reactor.runOnce(0ms)) {
    }
    return !isReadable(reactor, 20ms);
  });
}

}  // namespace

TEST_CASE("runOnce calls handlers in the calling thread, and says whether there was anything to call") {
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  std::thread::id handledBy;
  reactor.on([&](const Msg01& message) {
    handledBy = std::this_thread::get_id();
    return message;
  });
  CHECK_FALSE(reactor.runOnce(0ms));
  CHECK_FALSE(reactor.runOnce(1ms));
  Request request(endpoint);
  request.send(msg01("asked"));
  CHECK(reactor.runOnce(kLimit));
  CHECK(handledBy == std::this_thread::get_id());
  CHECK(request.recv<Msg01>(kLimit)->field1() == "asked");
}

TEST_CASE("a reactor's descriptor is readable until all messages have been handled, and then silent") {
  MtMsgReactor reactor;
  int handled = 0;
  const std::string endpoint = addDealer(reactor);
  reactor.on([&](const Msg01&) { ++handled; });
  CHECK(isReadable(reactor));  // before the first look
  CHECK(settles(reactor));
  Dealer dealer(endpoint);
  for (int i = 0; i < 500; ++i) dealer.send(msg01("x"));
  CHECK(runUntil(reactor, [&] { return handled == 500; }));
  CHECK(settles(reactor));
}

TEST_CASE("a reactor's descriptor tells of posted functions, from any thread, and of timers") {
  MtMsgReactor reactor;
  std::atomic<int> ran{0};
  CHECK(settles(reactor));
  reactor.post([&] { ++ran; });
  CHECK(runUntil(reactor, [&] { return ran == 1; }));
  std::thread([&] { reactor.post([&] { reactor.post([&] { ++ran; }); }); }).join();
  CHECK(runUntil(reactor, [&] { return ran == 2; }));
  CHECK(settles(reactor));
  reactor.every(1ms, [&] { ++ran; });
  CHECK(runUntil(reactor, [&] { return ran == 5; }));
}

TEST_CASE("a socket that is added between two calls of runOnce is listened to") {
  MtMsgReactor reactor;
  std::atomic<int> handled{0};
  reactor.on([&](const Msg01& message) {
    ++handled;
    return message;
  });
  CHECK(settles(reactor));
  const std::string endpoint = addResponse(reactor);
  Request request(endpoint);
  request.send(msg01("asked"));
  CHECK(runUntil(reactor, [&] { return handled == 1; }));
}

TEST_CASE("runOnce is refused after start, within itself, and in two threads at once; start after runOnce") {
  MtMsgReactor started;
  started.start();
  CHECK(codeOf([&] { started.runOnce(0ms); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { started.descriptor(); }) == Errc::outOfTurn);

  MtMsgReactor reactor;
  std::error_code within, beside;
  reactor.post([&] {
    within = codeOf([&] { reactor.runOnce(0ms); });
    std::thread([&] { beside = codeOf([&] { reactor.runOnce(0ms); }); }).join();
  });
  CHECK(reactor.runOnce(kLimit));
  CHECK(within == Errc::outOfTurn);
  CHECK(beside == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.start(); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { reactor.on([](const Msg02&) {}); }) == Errc::outOfTurn);
}

TEST_CASE("a handler may stop a reactor that is run by runOnce, which calls nothing after that") {
  MtMsgReactor reactor;
  int ran = 0;
  reactor.post([&] {
    ++ran;
    reactor.stop();
    reactor.stop();
  });
  CHECK(reactor.runOnce(kLimit));
  reactor.post([&] { ++ran; });
  CHECK_FALSE(reactor.runOnce(kLimit));
  CHECK_FALSE(isReadable(reactor));
  CHECK(ran == 1);
}

TEST_CASE("stop lets a runOnce of another thread finish, and runs what was posted before") {
  MtMsgReactor reactor;
  Event began;
  std::atomic<bool> ended{false};
  std::promise<void> goOn;
  reactor.post([&] {
    began.happen();
    goOn.get_future().wait();
    ended = true;
  });
  auto runs = std::async(std::launch::async, [&] { return reactor.runOnce(kLimit); });
  began.wait();
  bool ranLast = false;
  reactor.post([&] { ranLast = true; });
  auto stops = std::async(std::launch::async, [&] {
    reactor.stop();
    return ended.load();
  });
  CHECK(stops.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout);
  goOn.set_value();
  CHECK(stops.get());
  CHECK(runs.get());
  CHECK(ranLast);
}

TEST_CASE("stop ends a runOnce that waits; between two calls it runs what is posted by then, and closes the sockets") {
  MtMsgReactor waiting;
  auto runs = std::async(std::launch::async, [&] { return waiting.runOnce(std::chrono::milliseconds::max()); });
  waiting.stop();
  CHECK_FALSE(runs.get());

  MtMsgReactor reactor;
  addResponse(reactor);
  CHECK(settles(reactor));
  int ran = 0;
  reactor.post([&] { ++ran; });
  reactor.stop();
  CHECK(ran == 1);
  CHECK_FALSE(reactor.runOnce(0ms));
}
