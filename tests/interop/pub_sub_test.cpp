#include <doctest/doctest.h>

#include <algorithm>
#include <dividere.hpp>
#include <string>
#include <vector>

#include "messaging/names.hpp"
#include "peer.hpp"
#include "sample.hpp"
#include "support/limit.hpp"

using dividere::messaging::Publisher;
using dividere::messaging::Subscriber;
using interop::kSamples;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;
using support::kLimit;

namespace {

std::string local(const Publisher& publisher) { return "tcp://localhost:" + std::to_string(publisher.port()); }

/// One of each kind of name, some the beginning of others.
std::vector<std::string> typeNames() {
  std::vector<std::string> names = {"M", "Msg01", "Msg02", "Exactly8", "Exactly8AndMore"};
  for (const google::protobuf::Descriptor* type :
       {Name127::descriptor(), Name128::descriptor(), Name300::descriptor()}) {
    names.emplace_back(type->full_name());
  }
  return names;
}

/// A message of this type that is not empty: its first field is a text, or a bool.
Sample notEmpty(const std::string& type) {
  const auto* field = Sample{type, ""}.message()->GetDescriptor()->field(0);
  const bool isText = field->type() == google::protobuf::FieldDescriptor::TYPE_STRING;
  return {type, std::string(field->name()) + (isText ? ": 'met'" : ": true")};
}

/// A Python publisher cannot tell when a subscription has reached it: it is made to send empty messages of this type
/// until one comes. Takes those that came, up to one that is not empty and follows them.
void meet(Peer& publisher, Subscriber& subscriber, const std::string& type) {
  bool met = false;
  for (int i = 0; i < 3000 && !met; ++i) {
    publisher.ask({"send", type, ""});
    met = subscriber.wait(std::chrono::milliseconds(10));
  }
  REQUIRE(met);
  publisher.ask({"send", type, notEmpty(type).text});
  while (!(Sample::of(*subscriber.recv()) == notEmpty(type))) {
  }
}

}  // namespace

TEST_SUITE("publish/subscribe") {
  TEST_CASE("C++ binds, Python connects: messages of all types arrive, in order") {
    if (noPython()) return;
    Publisher publisher("tcp://*:*");
    Peer peer("subscriber", {local(publisher)});
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    for (const Sample& sample : kSamples) publisher.send(*sample.message());
    for (const Sample& sample : kSamples) CHECK(Sample::of(peer.ask({"recv"})) == sample);
  }

  TEST_CASE("C++ binds, Python connects: with a type filter only those types arrive, whatever their names") {
    if (noPython()) return;
    for (const std::size_t first : {0U, 1U}) {
      Publisher publisher("tcp://*:*");
      Words arguments = {local(publisher)}, wanted;
      const std::vector<std::string> names = typeNames();
      for (std::size_t i = first; i < names.size(); i += 2) wanted.push_back(names[i]);
      arguments.insert(arguments.end(), wanted.begin(), wanted.end());
      Peer peer("subscriber", arguments);
      REQUIRE(publisher.waitForSubscribers(1, kLimit));
      for (const std::string& name : names) publisher.send(*Sample{name, ""}.message());
      publisher.send(*Sample{wanted[0], ""}.message());
      for (const std::string& name : wanted) CHECK(Sample::of(peer.ask({"recv"})).type == name);
      CHECK(Sample::of(peer.ask({"recv"})).type == wanted[0]);

      const std::vector<dividere::messaging::PeerInfo> peers = publisher.peers();
      REQUIRE(peers.size() == 1);
      CHECK(peers[0].address == "127.0.0.1");
      CHECK(peers[0].subscribers == 0);
      Words listed;
      for (const dividere::messaging::Interest& interest : peers[0].interests.value()) listed.push_back(interest.type);
      CHECK(std::is_permutation(listed.begin(), listed.end(), wanted.begin(), wanted.end()));
    }
  }

  TEST_CASE("C++ binds, Python connects: each of several subscribers receives all") {
    if (noPython()) return;
    Publisher publisher("tcp://*:*");
    Peer one("subscriber", {local(publisher)}), other("subscriber", {local(publisher)});
    Subscriber third(local(publisher));
    REQUIRE(publisher.waitForSubscribers(3, kLimit));
    publisher.send(*kSamples[0].message());
    CHECK(Sample::of(one.ask({"recv"})) == kSamples[0]);
    CHECK(Sample::of(other.ask({"recv"})) == kSamples[0]);
    CHECK(Sample::of(*third.recv()) == kSamples[0]);
  }

  TEST_CASE("C++ binds, Python connects: what is kept for others, and asked for by them, Python does not notice") {
    if (noPython()) return;
    dividere::messaging::PublisherOptions options;
    options.keep = 2;
    Publisher publisher("tcp://*:*", options);
    Peer some("subscriber", {local(publisher), "Msg02"});
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    const auto sample = [](int i) { return Sample{"Msg02", "field2: " + std::to_string(i)}; };
    for (int i = 1; i <= 3; ++i) publisher.send(*sample(i).message());
    Subscriber late(local(publisher), {"Msg02"});
    CHECK(Sample::of(*late.recv()) == sample(2));
    CHECK(Sample::of(*late.recv()) == sample(3));

    Peer all("subscriber", {local(publisher)});  // gets everything: nothing is sent to one alone from now on
    REQUIRE(publisher.waitForSubscribers(3, kLimit));
    Subscriber later(local(publisher), {"Msg02"});
    REQUIRE(publisher.waitForSubscribers(4, kLimit));
    publisher.send(*sample(4).message());
    CHECK(Sample::of(*later.recv()) == sample(4));
    CHECK(Sample::of(all.ask({"recv"})) == sample(4));
    for (int i = 1; i <= 4; ++i) CHECK(Sample::of(some.ask({"recv"})) == sample(i));
  }

  TEST_CASE("Python binds, C++ connects: messages of all types arrive, in order") {
    if (noPython()) return;
    Peer peer("publisher", {"tcp://*:*"});
    Subscriber subscriber(peer.endpoint());
    meet(peer, subscriber, "M");
    for (const Sample& sample : kSamples) peer.ask({"send", sample.type, sample.text});
    for (const Sample& sample : kSamples) CHECK(Sample::of(*subscriber.recv()) == sample);
  }

  TEST_CASE("Python binds, C++ connects: with a type filter only those types arrive, whatever their names") {
    if (noPython()) return;
    Peer peer("publisher", {"tcp://*:*"});
    const std::vector<std::string> names = typeNames();
    std::vector<Subscriber> subscribers;
    for (const std::string& name : names) {
      subscribers.emplace_back(peer.endpoint(), std::vector<std::string>{name});
      meet(peer, subscribers.back(), name);
    }
    for (int round = 0; round < 2; ++round) {
      for (const std::string& name : names) peer.ask({"send", name, ""});
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      CAPTURE(names[i]);
      for (int round = 0; round < 2; ++round) CHECK(Sample::of(*subscribers[i].recv()).type == names[i]);
    }
  }

  TEST_CASE(
      "Python binds, C++ connects: a packaged type, which Python writes by its short name, can be filtered by that") {
    if (noPython()) return;
    Peer peer("publisher", {"tcp://*:*"});
    Subscriber subscriber(peer.endpoint(), {"Station"});
    const Sample sample{"outer.inner.Station", "name: 'north' readings { value: -0.5 }"};
    meet(peer, subscriber, sample.type);
    peer.ask({"send", "Msg01", ""});
    peer.ask({"send", sample.type, sample.text});
    CHECK(Sample::of(*subscriber.recv()) == sample);
  }
}
