#include <doctest/doctest.h>

#include <chrono>
#include <dividere.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "golden.pb.h"
#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::messaging::Publisher;
using dividere::messaging::types;
using dividere::registry::Announcement;
using dividere::registry::AnnouncementOptions;
using dividere::registry::Location;
using dividere::registry::Server;
using dividere::registry::Subscriber;
using stage::OldPeer;
using support::msg01;
using namespace std::chrono_literals;

namespace {

/// A publisher that is announced under a name.
struct Camera {
  Camera(const Server& server, const std::string& name, const std::string& kind = "publisher",
         const std::string& host = "127.0.0.1")
      : announced(name, publisher.port(), kind, optionsFor(server, host)) {}

  static AnnouncementOptions optionsFor(const Server& server, const std::string& host) {
    AnnouncementOptions options;
    options.registries = {stage::locationOf(server)};
    options.advertise = host;
    options.jitter = 0ms;
    return options;
  }

  Publisher publisher{"tcp://*:*"};
  Announcement announced;
};

Subscriber subscriberTo(const Server& server, const std::string& name, const std::vector<std::string>& ofTypes = {}) {
  return Subscriber(name, ofTypes, {}, {stage::locationOf(server)});
}

/// Publishes until the subscriber has it: nothing tells when a link has come about.
std::string firstOf(Publisher& publisher, Subscriber& subscriber, const std::string& text) {
  std::optional<Msg01> received;
  support::eventually([&] {
    publisher.send(msg01(text));
    received = subscriber.recv<Msg01>(10ms);
    return received && received->field1() == text;
  });
  return received ? received->field1() : std::string();
}

}  // namespace

TEST_CASE("a Subscriber finds the publisher of a name, which may come later") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera", types<Msg01>());
  CHECK_FALSE(subscriber.wait(1ms));
  Camera camera(server, "camera");
  CHECK(firstOf(camera.publisher, subscriber, "here") == "here");
  CHECK(subscriber.endpoint() == "camera");
  CHECK(subscriber.port() == 0);
  CHECK(subscriber.received() > 0);
}

TEST_CASE("waitForPublishers() returns once that many are connected, or at its time-out") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera");
  CHECK_FALSE(subscriber.waitForPublishers(1, 1ms));
  CHECK(subscriber.waitForPublishers(0, 0ms));
  Camera first(server, "camera");
  CHECK(subscriber.waitForPublishers(1, support::kLimit));
  CHECK_FALSE(subscriber.waitForPublishers(2, 1ms));
  Camera second(server, "camera");
  CHECK(subscriber.waitForPublishers(2, support::kLimit));
  CHECK(second.publisher.waitForSubscribers(1, support::kLimit));
  second.publisher.send(msg01("here"));
  CHECK(subscriber.recv<Msg01>(support::kLimit));
}

TEST_CASE("a Subscriber to the newest messages alone finds and follows, too") {
  Server server(stage::anywhere());
  dividere::messaging::SubscriberOptions latest;
  latest.latest = true;
  Subscriber subscriber("camera", types<Msg01>(), latest, {stage::locationOf(server)});
  for (int i = 0; i < 2; ++i) {
    Camera camera(server, "camera");
    CHECK(subscriber.waitForPublishers(1, support::kLimit));
    CHECK(firstOf(camera.publisher, subscriber, "here") == "here");
    camera.announced.stop();
    CHECK(support::eventually([&] { return !subscriber.waitForPublishers(1, 0ms); }));
  }
}

TEST_CASE("a Subscriber that waits without limit is connected meanwhile") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera");
  support::Event received;
  std::thread waiting([&] {
    subscriber.recv<Msg01>();
    received.happen();
  });
  Camera camera(server, "camera");
  CHECK(camera.publisher.waitForSubscribers(1, support::kLimit));
  camera.publisher.send(msg01("here"));
  CHECK(received.wait());
  waiting.join();
}

TEST_CASE("a Subscriber follows a publisher that moves, and loses nothing that had come") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera");
  auto first = std::make_unique<Camera>(server, "camera");
  REQUIRE(firstOf(first->publisher, subscriber, "there") == "there");
  first->publisher.send(msg01("after all of that"));
  for (std::string text; text != "after all of that";) {
    const auto next = subscriber.recv<Msg01>(support::kLimit);
    REQUIRE(next);
    text = next->field1();
  }
  first->publisher.send(msg01("last"));
  REQUIRE(subscriber.wait(support::kLimit));
  auto second = std::make_unique<Camera>(server, "camera");
  first.reset();
  const auto last = support::eventually([&] {
    const auto next = subscriber.recv<Msg01>(0ms);
    return next && next->field1() == "last";
  });
  CHECK(last);
  CHECK(firstOf(second->publisher, subscriber, "moved") == "moved");
}

TEST_CASE("a publisher that is announced no more is left, though it lives") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera");
  Camera camera(server, "camera");
  REQUIRE(firstOf(camera.publisher, subscriber, "here") == "here");
  camera.announced.stop();
  CHECK(support::eventually([&] {
    subscriber.recv<Msg01>(1ms);
    return camera.publisher.subscribers() == 0;
  }));
}

TEST_CASE("several publishers of one name are all heard, and with a pattern those of all names") {
  Server server(stage::anywhere());
  Subscriber one = subscriberTo(server, "camera.left"), all = subscriberTo(server, "camera.*");
  Camera first(server, "camera.left"), second(server, "camera.left"), third(server, "camera.right");
  CHECK(firstOf(first.publisher, one, "first") == "first");
  CHECK(firstOf(second.publisher, one, "second") == "second");
  CHECK(firstOf(first.publisher, all, "first") == "first");
  CHECK(firstOf(second.publisher, all, "second") == "second");
  CHECK(firstOf(third.publisher, all, "third") == "third");
  CHECK(third.publisher.subscribers() == 1);
}

TEST_CASE("what is no publisher is not connected to; who does not say what it is, is") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "name");
  Camera service(server, "name", "service"), broker(server, "name", "broker"), unknown(server, "name", "");
  REQUIRE(service.announced.wait(support::kLimit));
  REQUIRE(broker.announced.wait(support::kLimit));
  CHECK(firstOf(unknown.publisher, subscriber, "here") == "here");
  CHECK(service.publisher.subscribers() == 0);
  CHECK(broker.publisher.subscribers() == 0);
}

TEST_CASE("a Subscriber hears on while its registry is away, and finds newcomers when it is back") {
  const stage::FreePorts ports;
  auto server = std::make_unique<Server>(ports.options());
  Subscriber subscriber = subscriberTo(*server, "camera");
  Camera camera(*server, "camera");
  REQUIRE(firstOf(camera.publisher, subscriber, "here") == "here");
  server.reset();
  CHECK(firstOf(camera.publisher, subscriber, "still here") == "still here");
  server = std::make_unique<Server>(ports.options());
  Camera newcomer(*server, "camera");
  CHECK(firstOf(newcomer.publisher, subscriber, "here, too") == "here, too");
  CHECK(firstOf(camera.publisher, subscriber, "as ever") == "as ever");
}

TEST_CASE("a Subscriber moves, also into a reactor, and follows on from there") {
  Server server(stage::anywhere());
  Subscriber made = subscriberTo(server, "camera");
  Subscriber moved = std::move(made);
  support::Notes<std::string> texts;
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(std::move(moved)).on([&](const Msg01& received) { texts.add(received.field1()); });
  reactor.start();
  for (const char* text : {"first", "second"}) {
    Camera camera(server, "camera");
    REQUIRE(camera.publisher.waitForSubscribers(1, support::kLimit));
    camera.publisher.send(msg01(text));
    CHECK(texts.reachOne(text));
  }
}

TEST_CASE("a registered host that cannot be connected to keeps nobody from the others") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  for (std::uint32_t port = 1; port <= 20; ++port) {
    RegisterService forged = stage::registration("camera", "nobody.invalid", port);
    forged.set_instance(true);
    REQUIRE(peer.ask<ack>(forged).ok());
  }
  Subscriber subscriber = subscriberTo(server, "camera");
  Camera camera(server, "camera");
  CHECK(firstOf(camera.publisher, subscriber, "here") == "here");
}

TEST_CASE("a publisher at a host's name is found once that name is, and left as any other") {
  Server server(stage::anywhere());
  Subscriber subscriber = subscriberTo(server, "camera");
  Camera camera(server, "camera", "publisher", "localhost");
  CHECK(firstOf(camera.publisher, subscriber, "here") == "here");
  camera.announced.stop();
  CHECK(support::eventually([&] { return !subscriber.waitForPublishers(1, 0ms); }));
}

TEST_CASE("there is room for 256 publishers, and for others as those go") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  // Listed before the living one: in the order of ports.
  for (std::uint32_t port = 1; port <= 300; ++port) {
    RegisterService forged = stage::registration("camera", "127.0.0.1", port);
    forged.set_instance(true);
    REQUIRE(peer.ask<ack>(forged).ok());
  }
  Subscriber subscriber = subscriberTo(server, "camera");
  Camera camera(server, "camera");
  REQUIRE(camera.announced.wait(support::kLimit));
  for (std::uint32_t port = 1; port <= 300; ++port) REQUIRE(peer.unregisters("camera", "127.0.0.1", port));
  CHECK(firstOf(camera.publisher, subscriber, "here") == "here");
}

TEST_CASE("what cannot be found by is refused") {
  CHECK(support::codeOf([] { Subscriber(""); }) == std::errc::invalid_argument);
  CHECK(support::codeOf([] { Subscriber("name", {"no/type"}); }) == std::errc::invalid_argument);
  CHECK(support::codeOf([] { Subscriber("name", {}, {}, std::vector<Location>{}); }) == Errc::badEndpoint);
}

TEST_CASE("a forked child leaves its parent's Subscriber alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  auto subscriber = std::make_unique<Subscriber>(subscriberTo(server, "camera"));
  CHECK(support::inFork([&] {
          support::expect(support::codeOf([&] { subscriber->wait(0ms); }) == Errc::otherProcess, "refused");
          subscriber.reset();
        }) == "");
  Camera camera(server, "camera");
  CHECK(firstOf(camera.publisher, *subscriber, "here") == "here");
}
