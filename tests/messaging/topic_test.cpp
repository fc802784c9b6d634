// Topics beside types.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>
#include <vector>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/messages.hpp"
#include "support/thrown.hpp"

using namespace support;
using namespace dividere::messaging;

TEST_CASE("a subscriber to a topic gets it and all below it, and whole segments match") {
  Publisher publisher("tcp://*:*");
  Subscriber plant(meeting(publisher), types<Msg02>(), topic("plant"));
  Subscriber line(meeting(publisher), types<Msg02>(), topic("plant", "line3"));
  Subscriber all(meeting(publisher), types<Msg02>());
  REQUIRE(publisher.waitForSubscribers(3, kLimit));

  publisher.send(msg02(1));
  publisher.send(msg02(2), topic("plant"));
  publisher.send(msg02(3), topic("plant", "line33"));
  publisher.send(msg02(4), topic("plant", "line3"));
  publisher.send(msg02(5), topic("plant", "line3", "press"));
  publisher.send(msg02(6), topic("plants"));
  publisher.send(msg02(7), topic("plant", "line3"));

  const auto numbers = [](Subscriber& subscriber, int last) {
    std::vector<int> received;
    do {
      received.push_back(subscriber.recv<Msg02>().field2());
    } while (received.back() != last);
    return received;
  };
  CHECK(numbers(plant, 7) == std::vector<int>{2, 3, 4, 5, 7});
  CHECK(numbers(line, 7) == std::vector<int>{4, 5, 7});
  CHECK(numbers(all, 7) == std::vector<int>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("the topic of a received message can be asked for") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(1), topic("plant", "line3"));
  publisher.send(msg02(2));
  publisher.send(msg02(3), topic(""));
  subscriber.recv<Msg02>();
  CHECK(subscriber.topic() == Topic{"plant", "line3"});
  subscriber.recv();
  CHECK(subscriber.topic().empty());
  subscriber.recv<Msg02>();
  CHECK(subscriber.topic() == Topic{""});
}

TEST_CASE("a topic without a type is of every type") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, topic("robot7"));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg01("of no topic"));
  publisher.send(msg01("of another"), topic("robot77"));
  publisher.send(msg01("first"), topic("robot7"));
  publisher.send(msg02(2), topic("robot7", "arm"));
  CHECK(subscriber.recv<Msg01>().field1() == "first");
  CHECK(subscriber.recv<Msg02>().field2() == 2);
  CHECK_FALSE(subscriber.wait(kNow));
  CHECK(subscriber.received() == 2);
}

TEST_CASE("types added later have the subscriber's topic") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), types<Msg02>(), topic("a"));
  subscriber.subscribe<Msg01>();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::uint64_t before = publisher.arrivals();
  CHECK(before == 1);
  // Nothing tells when a topic that is added later is in force.
  do {
    publisher.send(msg01("b"), topic("b"));
    publisher.send(msg01("a"), topic("a"));
  } while (!subscriber.wait(kShort));
  CHECK(subscriber.recv<Msg01>().field1() == "a");
}

TEST_CASE("a topic that is too long is refused by both ends, and nothing is sent") {
  Publisher publisher("tcp://*:*");
  const Topic tooLong = topic(std::string(2000, 'x'));
  CHECK(codeOf([&] { publisher.send(msg01("x"), tooLong); }) == dividere::Errc::tooLarge);
  CHECK(codeOf([&] { Subscriber(meeting(publisher), {}, tooLong); }) == dividere::Errc::tooLarge);
}
