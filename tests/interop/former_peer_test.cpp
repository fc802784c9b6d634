// Programs built with the header of 0.1 notice nothing of what was added since.
#include <doctest/doctest.h>

#include <algorithm>
#include <dividere.hpp>
#include <string>
#include <vector>

#include "golden.pb.h"
#include "peer.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/messages.hpp"

using namespace dividere::messaging;
using interop::FormerPeer;
using interop::Words;
using support::kLimit;
using support::msg01;
using support::msg02;

namespace {

std::string local(const Publisher& publisher) { return "tcp://localhost:" + std::to_string(publisher.port()); }

}  // namespace

TEST_SUITE("former version") {
  TEST_CASE("0.1 receives numbered and stamped messages, with and without a topic, and is listed") {
    if (!FormerPeer::isThere()) return;
    PublisherOptions options;
    options.stamp = true;
    Publisher publisher("tcp://*:*", options);
    FormerPeer all({"subscriber", local(publisher)}), some({"subscriber", local(publisher), "Msg02"});
    REQUIRE(publisher.waitForSubscribers(2, kLimit));
    publisher.send(msg01("plain"));
    publisher.send(msg02("about", 2), topic("plant", "line3"));
    CHECK(all.ask({"recv"}) == Words{"Msg01", "field1: \"plain\""});
    CHECK(all.ask({"recv"}) == Words{"Msg02", "field1: \"about\" field2: 2"});
    CHECK(some.ask({"recv"}) == Words{"Msg02", "field1: \"about\" field2: 2"});

    std::vector<std::string> interests;
    for (const PeerInfo& peer : publisher.peers()) {
      CHECK(peer.subscribers == 1);
      for (const Interest& interest : peer.interests.value()) interests.push_back(interest.type + interest.bytes);
    }
    std::sort(interests.begin(), interests.end());
    CHECK(interests == std::vector<std::string>{"", "Msg02"});
  }

  TEST_CASE("0.1 notices nothing of a publisher that keeps messages, and of those who come late to it") {
    if (!FormerPeer::isThere()) return;
    PublisherOptions options;
    options.keep = 2;
    Publisher publisher("tcp://*:*", options);
    FormerPeer some({"subscriber", local(publisher), "Msg02"});
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    for (int i = 1; i <= 3; ++i) publisher.send(msg02("", i));
    Subscriber late(local(publisher), types<Msg02>());
    CHECK(late.recv<Msg02>().field2() == 2);
    CHECK(late.recv<Msg02>().field2() == 3);

    FormerPeer all({"subscriber", local(publisher)});  // gets everything: nothing is sent to one alone from now on
    REQUIRE(publisher.waitForSubscribers(3, kLimit));
    Subscriber later(local(publisher), types<Msg02>());
    REQUIRE(publisher.waitForSubscribers(4, kLimit));
    publisher.send(msg02("", 4));
    CHECK(later.recv<Msg02>().field2() == 4);
    CHECK(all.ask({"recv"}) == Words{"Msg02", "field2: 4"});
    for (int i = 1; i <= 4; ++i) CHECK(some.ask({"recv"}) == Words{"Msg02", "field2: " + std::to_string(i)});
  }

  TEST_CASE("what 0.1 publishes is received, counted, and known to have no numbers") {
    if (!FormerPeer::isThere()) return;
    FormerPeer publisher({"publisher"});
    Subscriber subscriber(publisher.endpoint()), filtered(publisher.endpoint(), types<Msg02>());
    CHECK(publisher.ask({"await", "2"}) == Words{"there"});
    publisher.ask({"send", "field2: 1"});
    publisher.ask({"send", "field2: 2"});
    CHECK(subscriber.recv<Msg02>().field2() == 1);
    CHECK(subscriber.recv<Msg02>().field2() == 2);
    CHECK(filtered.recv<Msg02>().field2() == 1);
    CHECK(subscriber.received() == 2);
    CHECK(subscriber.missed() == 0);
    CHECK(subscriber.topic().empty());
    CHECK_FALSE(subscriber.age());
  }

  TEST_CASE("of what 0.1 publishes the newest message can be had, too") {
    if (!FormerPeer::isThere()) return;
    FormerPeer publisher({"publisher"});
    SubscriberOptions options;
    options.latest = true;
    Subscriber subscriber(publisher.endpoint(), {}, options);
    CHECK(publisher.ask({"await", "1"}) == Words{"there"});
    for (int i = 1; i <= 9; ++i) publisher.ask({"send", "field2: " + std::to_string(i)});
    REQUIRE(support::eventually([&] { return subscriber.skipped() == 8; }));
    CHECK(subscriber.recv<Msg02>().field2() == 9);
    CHECK(subscriber.received() == 1);
  }
}
