// A publisher keeps the last messages of each type and topic for those who come late.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <memory>
#include <string>
#include <vector>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/forwarder.hpp"
#include "support/log_capture.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using namespace dividere::messaging;

namespace {

PublisherOptions keeping(std::size_t count) {
  PublisherOptions options;
  options.keep = count;
  return options;
}

using Numbers = std::vector<int>;

/// The numbers of the next messages, up to this one.
Numbers readUpTo(Subscriber& subscriber, int last) {
  Numbers numbers;
  while (numbers.empty() || numbers.back() != last) {
    const auto message = subscriber.recv<Msg02>(kLimit);
    if (!message) break;
    numbers.push_back(message->field2());
  }
  return numbers;
}

}  // namespace

TEST_CASE("who comes late gets the last messages first, and then what is new") {
  for (const std::string& endpoint : endpointsToBind()) {
    Publisher publisher(endpoint, keeping(3));
    for (int i = 1; i <= 10; ++i) publisher.send(msg02(i));
    Subscriber late(meeting(publisher), types<Msg02>());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send(msg02(11));
    CHECK(readUpTo(late, 11) == Numbers{8, 9, 10, 11});
    CHECK(late.received() == 4);
    CHECK(late.missed() == 0);
  }
}

TEST_CASE("a publisher that has nothing more to send gives what it has kept all the same") {
  Publisher publisher("tcp://*:*", keeping(1));
  publisher.send(msg02("state", 7));
  for (int i = 0; i < 3; ++i) {
    Subscriber late(meeting(publisher));
    const auto message = late.recv<Msg02>(kLimit);
    REQUIRE(message);
    CHECK(message->field1() == "state");
    CHECK_FALSE(late.wait(kNow));
  }
}

TEST_CASE("what is kept is of each type and topic, and comes to those who subscribed to it") {
  Publisher publisher("tcp://*:*", keeping(2));
  for (int i = 1; i <= 3; ++i) {
    publisher.send(msg01("text " + std::to_string(i)));
    publisher.send(msg02(10 + i), topic("plant", "line1"));
    publisher.send(msg02(20 + i), topic("plant", "line2"));
    publisher.send(msg02(30 + i), topic("plants"));
  }
  Subscriber plant(meeting(publisher), types<Msg02>(), topic("plant")), texts(meeting(publisher), types<Msg01>());
  Subscriber all(meeting(publisher));
  CHECK(plant.recv<Msg02>().field2() == 12);
  CHECK(plant.topic() == topic("plant", "line1"));
  CHECK(plant.recv<Msg02>().field2() == 13);
  CHECK(plant.recv<Msg02>().field2() == 22);
  CHECK(plant.topic() == topic("plant", "line2"));
  CHECK(plant.recv<Msg02>().field2() == 23);
  CHECK(texts.recv<Msg01>().field1() == "text 2");
  CHECK(texts.recv<Msg01>().field1() == "text 3");
  for (int i = 0; i < 8; ++i) CHECK(all.recv(kLimit));
  CHECK_FALSE(plant.wait(kNow));
  CHECK_FALSE(texts.wait(kNow));
  CHECK_FALSE(all.wait(kNow));
}

TEST_CASE("what a newcomer is sent comes to nobody else") {
  Publisher publisher("tcp://*:*", keeping(5));
  Subscriber first(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 10; ++i) publisher.send(msg02(i));
  for (std::size_t i = 0; i < 10; ++i) {
    Subscriber late(meeting(publisher));
    CHECK(readUpTo(late, 10) == Numbers{6, 7, 8, 9, 10});
  }
  publisher.send(msg02(11));
  CHECK(readUpTo(first, 11) == Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(first.received() == 11);
}

TEST_CASE("while somebody is there who gets every message, nothing is sent to one alone") {
  Publisher publisher("tcp://*:*", keeping(5));
  RawSocket stranger(ZMQ_SUB);
  stranger.set(ZMQ_SUBSCRIBE, std::string());
  stranger.connect(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(1));
  publisher.send(msg02(2));
  Subscriber late(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  publisher.send(msg02(3));
  CHECK(readUpTo(late, 3) == Numbers{3});
  for (int i = 1; i <= 3; ++i) {
    const auto frames = stranger.recv();
    REQUIRE(frames);
    CHECK(frames->size() == 1);
    CHECK(frames->front().substr(0, 7) == Subscriber::topicId("Msg02"));
  }
  CHECK_FALSE(stranger.recv(kShort));

  stranger.close();
  while (publisher.subscribers() > 1) {
  }
  Subscriber later(meeting(publisher));
  CHECK(readUpTo(later, 3) == Numbers{1, 2, 3});
}

TEST_CASE("a plain subscriber to a type does not get what is for others, nor what is kept") {
  Publisher publisher("tcp://*:*", keeping(5));
  publisher.send(msg02(1));
  RawSocket plain(ZMQ_SUB);
  plain.set(ZMQ_SUBSCRIBE, Subscriber::topicId("Msg02"));
  plain.connect(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Subscriber late(meeting(publisher));
  CHECK(readUpTo(late, 1) == Numbers{1});
  publisher.send(msg02(2));
  const auto frames = plain.recv();
  REQUIRE(frames);
  CHECK(frames->front().find("\x98\x07\x01") != std::string::npos);  // of one before, it may ask for it
  CHECK_FALSE(plain.recv(kShort));
}

TEST_CASE("a type that is subscribed to later is caught up with, too") {
  Publisher publisher("tcp://*:*", keeping(5));
  publisher.send(msg01("text"));
  publisher.send(msg02(1));
  Subscriber subscriber(meeting(publisher), types<Msg02>());
  CHECK(readUpTo(subscriber, 1) == Numbers{1});
  subscriber.subscribe<Msg01>();
  const auto message = subscriber.recv<Msg01>(kLimit);
  REQUIRE(message);
  CHECK(message->field1() == "text");
  CHECK_FALSE(subscriber.wait(kNow));
}

TEST_CASE("more than fits in a portion comes in order, and whole") {
  PublisherOptions options = keeping(5000);
  options.socket.sendQueue = 40;
  Publisher publisher("tcp://*:*", options);
  for (int i = 1; i <= 1000; ++i) publisher.send(msg02(i));
  Subscriber late(meeting(publisher));
  const Numbers numbers = readUpTo(late, 1000);
  REQUIRE(numbers.size() == 1000);
  for (int i = 1; i <= 1000; ++i) CHECK(numbers[static_cast<std::size_t>(i - 1)] == i);
  CHECK(late.missed() == 0);
}

TEST_CASE("what is kept of many types and topics comes whole") {
  Publisher publisher("tcp://*:*", keeping(1));
  for (int i = 1; i <= 3000; ++i) publisher.send(msg02(i), topic("robot", "number " + std::to_string(i)));
  Subscriber late(meeting(publisher));
  for (int i = 0; i < 3000; ++i) REQUIRE(late.recv<Msg02>(kLimit));
  CHECK_FALSE(late.wait(kNow));
}

TEST_CASE("behind a forwarder newcomers get what is kept, each for itself") {
  Publisher publisher("tcp://*:*", keeping(3));
  for (int i = 1; i <= 5; ++i) publisher.send(msg02(i));
  Forwarder forwarder(meeting(publisher));
  Subscriber first(forwarder.endpoint(), types<Msg02>());
  CHECK(readUpTo(first, 5) == Numbers{3, 4, 5});
  Subscriber second(forwarder.endpoint(), types<Msg02>());
  CHECK(readUpTo(second, 5) == Numbers{3, 4, 5});
  publisher.send(msg02(6));
  CHECK(readUpTo(first, 6) == Numbers{6});
  CHECK(readUpTo(second, 6) == Numbers{6});
  // The publisher knows what all of them have subscribed to together.
  publisher.send(msg01("text"));
  Subscriber third(forwarder.endpoint(), types<Msg01>());
  const auto message = third.recv<Msg01>(kLimit);
  REQUIRE(message);
  CHECK(message->field1() == "text");
  CHECK_FALSE(third.wait(kShort));
}

TEST_CASE("who wants the newest alone gets it of each type and topic when he comes, and no older one") {
  Publisher publisher("tcp://*:*", keeping(5));
  for (int i = 1; i <= 10; ++i) publisher.send(msg02(i), topic("a"));
  for (int i = 11; i <= 20; ++i) publisher.send(msg02(i), topic("b"));
  SubscriberOptions options;
  options.latest = true;
  Subscriber late(meeting(publisher), types<Msg02>(), options);
  CHECK(late.recv<Msg02>().field2() == 10);
  CHECK(late.recv<Msg02>().field2() == 20);
  CHECK_FALSE(late.wait(kNow));
  publisher.send(msg02(21), topic("a"));
  CHECK(late.recv<Msg02>().field2() == 21);
  CHECK(late.missed() == 0);
  CHECK(late.skipped() == 0);
}

TEST_CASE("a publisher that keeps can tell who comes, too, and does not list what newcomers ask it for") {
  Publisher publisher("tcp://*:*", keeping(1));
  Notes<std::size_t> told;
  publisher.onPeersChanged([&] {
    std::size_t interests = 0;
    for (const PeerInfo& peer : publisher.peers()) interests += peer.interests->size();
    told.add(interests);
  });
  publisher.send(msg02(1));
  Subscriber late(meeting(publisher), types<Msg02>());
  CHECK(readUpTo(late, 1) == Numbers{1});
  REQUIRE(told.reachOne(1));
  publisher.onPeersChanged(nullptr);
  for (const std::size_t interests : told.all()) CHECK(interests <= 1);
}

TEST_CASE(
    "peers that cannot be sent to alone get what is kept if the publisher is told so, and dividere's own get nothing "
    "twice") {
  PublisherOptions options = keeping(2);
  options.keepForAll = true;
  Publisher publisher("tcp://*:*", options);
  Subscriber first(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 3; ++i) publisher.send(msg02(i), topic("a"));
  publisher.send(msg01("text"));
  for (const std::string& filter : {Subscriber::topicId("Msg02"), std::string()}) {
    RawSocket plain(ZMQ_SUB);
    plain.set(ZMQ_SUBSCRIBE, filter);
    plain.connect(meeting(publisher));
    Numbers numbers;
    for (std::size_t i = 0; i < 2; ++i) {
      auto frames = plain.recv();
      REQUIRE(frames);
      REQUIRE(frames->size() == 1);
      if (frames->front().find("Msg01") != std::string::npos) frames = plain.recv();
      const auto message = ProtoBuffDecoder().decode(frames->front());
      numbers.push_back(dynamic_cast<const Msg02&>(*message).field2());
    }
    CHECK(numbers == Numbers{2, 3});
  }
  Subscriber late(meeting(publisher), types<Msg02>());
  CHECK(readUpTo(late, 3) == Numbers{2, 3});
  publisher.send(msg02(4), topic("a"));
  CHECK(readUpTo(late, 4) == Numbers{4});
  for (int i = 1; i <= 3; ++i) CHECK(first.recv<Msg02>().field2() == i);
  first.recv<Msg01>();
  CHECK(first.recv<Msg02>().field2() == 4);
  CHECK_FALSE(first.wait(kNow));
}

TEST_CASE("what is kept is bounded, in bytes and in types and topics") {
  PublisherOptions options = keeping(100);
  options.keepBytes = 10000;
  options.keepSeries = 2;
  Publisher publisher("tcp://*:*", options);
  const std::string text(1500, 'x');
  publisher.send(msg02(1), topic("small"));
  for (int i = 11; i <= 30; ++i) publisher.send(msg02(text, i), topic("large"));
  publisher.send(msg02(41), topic("one too many"));
  Subscriber late(meeting(publisher), types<Msg02>());
  CHECK(readUpTo(late, 1) == Numbers{26, 27, 28, 29, 30, 1});
  CHECK_FALSE(late.wait(kShort));
}

TEST_CASE("many who come at once get large messages once each, and those who read others meanwhile miss nothing") {
  Publisher publisher("tcp://*:*", keeping(5));
  for (int i = 1; i <= 5; ++i) publisher.send(msg02(std::string(300000, 'x'), i));
  Subscriber reader(meeting(publisher), types<Msg01>());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  std::vector<std::unique_ptr<Subscriber>> late;
  for (std::size_t i = 0; i < 40; ++i) {
    late.push_back(std::make_unique<Subscriber>(meeting(publisher), types<Msg02>()));
  }
  int sent = 0;
  for (const auto& subscriber : late) {
    for (int i = 1; i <= 5; ++i) {
      publisher.send(msg01(std::to_string(++sent)));
      const auto message = subscriber->recv<Msg02>(kLimit);
      REQUIRE(message);
      CHECK(message->field2() == i);
    }
  }
  for (int i = 1; i <= sent; ++i) CHECK(reader.recv<Msg01>().field1() == std::to_string(i));
  for (const auto& subscriber : late) {
    CHECK_FALSE(subscriber->wait(kNow));
    CHECK(subscriber->received() == 5);
    CHECK(subscriber->missed() == 0);
  }
  CHECK(reader.missed() == 0);
  CHECK(publisher.dropped() == 0);
}
