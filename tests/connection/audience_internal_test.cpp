#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <cstdint>
#include <future>
#include <mutex>
#include <string>

#include "dividere/connection/detail/audience.hpp"
#include "support/eventually.hpp"
#include "support/raw_socket.hpp"

using dividere::detail::Audience;
using dividere::detail::Socket;

namespace {

/// A publisher's socket and one peer, whose news are there as soon as they are sent: that is so over inproc.
class Stage {
 public:
  Stage() {
    socket.set(ZMQ_XPUB_VERBOSER, 1);
    socket.bind("inproc://audience");
    peer_.set(ZMQ_SNDHWM, 0);
    peer_.connect("inproc://audience");
    audience.socket = &socket;
  }

  /// Of subscribers of dividere's own kind, each of which is an arrival.
  void sendNews(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      peer_.send(
          {"\1\xFF"
           "dividere/id/" +
           std::to_string(i)});
  }

  std::uint64_t read() const { return audience.census.arrivals(); }

  Socket socket{"connection::Publisher", ZMQ_XPUB, [] {
                  dividere::connection::SocketOptions options;
                  options.receiveQueue = 0;
                  return options;
                }()};
  Audience audience;

 private:
  support::RawSocket peer_{ZMQ_XSUB, dividere::connection::Context::shared()->native()};
};

}  // namespace

TEST_CASE("news are read so many at a time") {
  constexpr std::uint64_t kOnce = Audience::kNewsAtATime;
  Stage stage;
  stage.sendNews(2 * kOnce + 5);
  CHECK_FALSE(stage.audience.readNews());
  CHECK(stage.read() == kOnce);
  CHECK(stage.audience.readNewsIfIdle());
  CHECK(stage.read() == 2 * kOnce);
  CHECK(stage.audience.readNews());
  CHECK(stage.read() == 2 * kOnce + 5);
  CHECK_FALSE(stage.audience.readNewsIfIdle());
  stage.sendNews(2 * kOnce + 5);
  stage.audience.readAllNews();
  CHECK(stage.read() == 4 * kOnce + 10);
}

TEST_CASE("whoever reads news while the owner is idle leaves as soon as it is not") {
  Stage stage;
  stage.sendNews(5);
  std::future<void> owner;
  std::unique_lock<std::mutex> reading(stage.audience.mutex);
  owner = std::async(std::launch::async, [&] { stage.audience.enter(); });
  REQUIRE(support::eventually([&] { return stage.audience.isWanted.load(); }));
  reading.unlock();
  owner.get();
  CHECK_FALSE(stage.audience.isWanted);
  stage.audience.isWanted = true;
  CHECK(stage.audience.readNewsIfIdle());
  CHECK(stage.read() == 0);
  stage.audience.isWanted = false;
  CHECK_FALSE(stage.audience.readNewsIfIdle());
  CHECK(stage.read() == 5);
}

TEST_CASE("a peer that has said hello, but not who it is, is forgotten when it goes, and no other") {
  Socket socket("connection::Publisher", ZMQ_XPUB, {});
  socket.set(ZMQ_XPUB_VERBOSER, 1);
  socket.bind("tcp://127.0.0.1:*");
  Audience audience;
  audience.socket = &socket;
  const auto topicsOfAll = [&] {
    audience.readAllNews();
    return audience.census.topicsFrom("", 100);
  };
  const std::string hello = dividere::detail::helloTopic();
  const auto newcomer = [&](const std::string& topic) {
    auto peer = std::make_unique<support::RawSocket>(ZMQ_SUB);
    for (const std::string& each : {hello, topic}) peer->set(ZMQ_SUBSCRIBE, each);
    peer->connect(socket.endpoint());
    return peer;
  };
  auto first = newcomer("first"), second = newcomer("second"), named = newcomer(dividere::detail::makeIdTopic());
  REQUIRE(support::eventually([&] { return topicsOfAll().size() == 4; }));
  first.reset();
  REQUIRE(support::eventually([&] { return topicsOfAll().size() == 3; }));
  CHECK(topicsOfAll()[1] == "second");
  CHECK(audience.census.count() == 1);
  second.reset();
  REQUIRE(support::eventually([&] { return topicsOfAll().size() == 2; }));
  CHECK(topicsOfAll()[0] == hello);
  named.reset();
  CHECK(support::eventually([&] { return topicsOfAll().empty(); }));
}
