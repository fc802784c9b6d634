// A subscriber asks again for what it lacks.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <atomic>
#include <dividere.hpp>
#include <string>
#include <thread>
#include <vector>

#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "support/events.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using namespace dividere::messaging;
using dividere::connection::EventType;

namespace {

PublisherOptions keeping(std::size_t count) {
  PublisherOptions options;
  options.keep = count;
  return options;
}

SubscriberOptions recovering() {
  SubscriberOptions options;
  options.recover = true;
  options.socket.reconnect = std::chrono::milliseconds(10);
  return options;
}

/// Queues so short that a reader who waits misses most of what is sent.
void shorten(dividere::connection::SocketOptions& options) {
  options.sendQueue = options.receiveQueue = 8;
  options.kernelSendBuffer = options.kernelReceiveBuffer = 2048;
}

}  // namespace

TEST_CASE("a slow reader that recovers misses nothing of a publisher that keeps enough") {
  PublisherOptions options = keeping(5000);
  shorten(options.socket);
  Publisher publisher("tcp://*:*", options);
  SubscriberOptions slow = recovering();
  shorten(slow.socket);
  Subscriber subscriber(meeting(publisher), types<Msg02>(), slow);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::string text(500, 'x');
  for (int i = 1; i <= 4000; ++i) publisher.send(msg02(text, i));
  CHECK(publisher.dropped() > 0);
  // What was lost at the end is known when the next message comes.
  int read = 0;
  for (int next = 4001; read < 4000;) {
    if (!subscriber.wait(kShort)) {
      publisher.send(msg02(text, next++));
      continue;
    }
    if (subscriber.recv<Msg02>().field2() != read + 1) break;
    ++read;
  }
  CHECK(read == 4000);
  CHECK(subscriber.missed() == 0);
}

TEST_CASE("what the publisher has no more is missed, and counted; what it has comes in its place") {
  PublisherOptions options = keeping(100);
  shorten(options.socket);
  Publisher publisher("tcp://*:*", options);
  SubscriberOptions slow = recovering();
  shorten(slow.socket);
  std::uint64_t told = 0;
  slow.onMissed = [&told](const Missed& missed) { told += missed.count; };
  Subscriber subscriber(meeting(publisher), types<Msg02>(), slow);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::string text(500, 'x');
  const int kSent = 20000;
  for (int i = 1; i <= kSent; ++i) publisher.send(msg02(text, i));
  int last = 0;
  bool inOrder = true;
  for (int next = kSent + 1; last < kSent;) {
    if (!subscriber.wait(kShort)) {
      publisher.send(msg02(text, next++));
      continue;
    }
    const int number = subscriber.recv<Msg02>().field2();
    inOrder = inOrder && number > last;
    last = number;
  }
  CHECK(inOrder);
  CHECK(subscriber.missed() > 0);
  CHECK(subscriber.missed() == told);
  CHECK(subscriber.received() + subscriber.missed() == static_cast<std::uint64_t>(last));
  CHECK(subscriber.received() >= 100);
}

TEST_CASE("nothing is lost over a hundred reconnections under load") {
  const Events events;
  PublisherOptions options = keeping(100000);
  options.socket.onEvent = events.options().onEvent;
  Publisher publisher("tcp://*:*", options);
  Subscriber subscriber(meeting(publisher), types<Msg02>(), recovering());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  REQUIRE(events.wait(EventType::handshakeSucceeded));
  std::atomic<bool> isCutting{true};
  std::atomic<int> sent{0}, last{0};
  std::thread load([&] {
    while (isCutting) {
      if (sent - last < 5000) {
        publisher.send(msg02(++sent));
      } else {
        std::this_thread::yield();
      }
    }
    publisher.send(msg02(++sent));
  });
  bool inOrder = true;
  const auto readSome = [&] {
    const auto message = subscriber.recv<Msg02>(kLimit);
    if (!message || message->field2() != last + 1) inOrder = false;
    ++last;
  };
  for (std::size_t cuts = 1; cuts <= 100 && inOrder; ++cuts) {
    int newest = -1;
    for (const auto& event : events.all()) {
      if (event.type == EventType::accepted) newest = static_cast<int>(event.value);
    }
    ::shutdown(newest, SHUT_RDWR);
    while (inOrder && events.count(EventType::handshakeSucceeded) < cuts + 1) readSome();
    for (int i = 0; i < 5 && inOrder; ++i) readSome();
  }
  isCutting = false;
  load.join();
  while (inOrder && last < sent) readSome();
  CHECK(inOrder);
  CHECK(last == sent);
  CHECK(subscriber.missed() == 0);
  CHECK(events.count(EventType::handshakeSucceeded) > 100);
}

TEST_CASE("a publisher that does not reply holds nothing back for good") {
  RawSocket publisher(ZMQ_XPUB);
  const std::string endpoint = publisher.bind();
  std::vector<Missed> gaps;
  SubscriberOptions options = recovering();
  options.onMissed = [&gaps](const Missed& missed) { gaps.push_back(missed); };
  Subscriber subscriber(endpoint, types<Msg02>(), options);
  Notes<int> heard;
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(Subscriber(endpoint, types<Msg02>(), recovering())).on([&](const Msg02& message) {
    heard.add(message.field2());
  });
  reactor.start();
  for (int ids = 0; ids < 2;) {
    const auto news = publisher.recv();
    REQUIRE(news);
    if (news->front().find("dividere/id/") != std::string::npos) ++ids;
  }
  const auto publish = [&](int number) {
    std::string tail = fields::ofVarint(100, static_cast<std::uint64_t>(number)) + fields::tag(101, fields::kFixed32) +
                       "1234" + fields::ofVarint(115, 10);
    publisher.send({fields::envelope("Msg02", "type.googleapis.com/Msg02", msg02(number).SerializeAsString()) + tail});
  };
  publish(1);
  publish(5);
  CHECK(subscriber.recv<Msg02>().field2() == 1);
  CHECK(subscriber.recv<Msg02>().field2() == 5);
  CHECK(subscriber.missed() == 3);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps.front().count == 3);
  REQUIRE(heard.reach(2));
  CHECK(heard.all() == std::vector<int>{1, 5});
}
