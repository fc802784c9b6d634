#include "dividere/reactor/detail/ended_connections.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dividere/connection/detail/router.hpp"
#include "dividere/reactor/detail/caller_watch.hpp"
#include "support/eventually.hpp"
#include "support/raw_socket.hpp"

using namespace dividere::detail;

namespace {

/// A ROUTER, and what came to it last.
struct Router {
  std::unique_ptr<Socket> socket = makeRouter("test", 0, {});
  Frame frame;

  void receive() {
    REQUIRE(socket->receive(Deadline::in(support::kLimit)));
    frame = std::move(socket->inbox().frames().back());
  }
};

struct Peer {
  explicit Peer(const Router& router) : socket(ZMQ_DEALER) {
    socket.connect("tcp://127.0.0.1:" + std::to_string(router.socket->port()));
    socket.send({"hello"});
  }
  support::RawSocket socket;
};

}  // namespace

TEST_CASE("connections that end together are looked at together, each several times") {
  constexpr int kMany = 1000;
  std::mutex mutex;
  std::map<int, int> looks;  // of each
  int calls = 0;
  ReactorLoop loop("test");
  EndedConnections ended(loop, [&](const std::vector<int>& descriptors) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++calls;
    for (const int each : descriptors) ++looks[each];
  });
  for (int i = 0; i < kMany; ++i) ended.add(i);
  loop.start();
  const auto looked = [&](int times) {
    const std::lock_guard<std::mutex> lock(mutex);
    return looks.size() == kMany && looks.begin()->second == times && looks.rbegin()->second == times;
  };
  CHECK(support::eventually([&] { return looked(10); }));
  ended.add(7);
  CHECK(support::eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return looks[7] >= 15;  // all over again
  }));
  loop.stop();
  CHECK(looks[0] == 10);
  CHECK(calls == looks[7]);
}

TEST_CASE("a connection has ended though its descriptor's number is that of another one by now") {
  Router router;
  LiveConnection former;
  {
    Peer peer(router);
    router.receive();
    former = LiveConnection(router.frame);
    CHECK(former.descriptor() >= 0);
    CHECK_FALSE(former.hasEnded());
  }
  CHECK(support::eventually([&] { return former.hasEnded(); }));
  const LiveConnection late(router.frame);
  CHECK(late.hasEnded());
  Peer peer(router);
  router.receive();
  const LiveConnection now(router.frame);
  CHECK_FALSE(now.hasEnded());
  const int taken =
      ::fcntl(now.descriptor(), F_DUPFD_CLOEXEC, former.descriptor());  // if the new one has it not itself
  CHECK(former.hasEnded());
  CHECK(late.hasEnded());
  ::close(taken);
  CHECK_FALSE(LiveConnection().hasEnded());
}

TEST_CASE("requests are told of the end of their own connections, among many that have ended before") {
  Router router;
  ReactorLoop loop("test");
  loop.start();
  std::atomic<int> news{0};
  {
    CallerWatch watch(*router.socket, loop, [&] { ++news; });
    for (int i = 0; i < 1000; ++i) watch.follow(std::make_shared<CallControl>(), Frame());
    const auto mortal = std::make_shared<CallControl>(), other = std::make_shared<CallControl>();
    std::atomic<int> hooks{0};
    {
      Peer peer(router);
      router.receive();
      watch.follow(mortal, router.frame);
      mortal->onCancel([&] { ++hooks; });
    }
    CHECK(support::eventually([&] { return mortal->isCancelled() && hooks == 1; }));
    CHECK_FALSE(mortal->isGivenUp());
    CHECK(support::eventually([&] { return news >= 1; }));
    Peer peer(router);
    router.receive();
    watch.follow(other, router.frame);
    CHECK_FALSE(other->isCancelled());
    mortal->reset();
    CHECK_FALSE(mortal->isCancelled());
    loop.stop();
  }
}
