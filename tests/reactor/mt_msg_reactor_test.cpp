// One reactor, any mix of sockets: all are waited on at once, and each has its turn.

#include "kit.hpp"

using namespace kit;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

TEST_CASE("a reactor's handler is called for each message of a bundle") {
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  Notes<int> got;
  MtMsgReactor reactor;
  reactor.add(Subscriber(publisher.endpoint())).on([&](const Msg02& message) { got.add(message.field2()); });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto field = [](const std::string& tag, const std::string& bytes) {
    return tag + static_cast<char>(bytes.size()) + bytes;
  };
  std::string bundle = field("\x0A", "Msg02");
  for (int number = 1; number <= 20; ++number) bundle += field("\xFA\x06", msg02(number).SerializeAsString());
  publisher.send(bundle + "\xA0\x06\x01" + "\xAD\x06\x44\x33\x22\x11");
  std::vector<int> wanted;
  for (int number = 1; number <= 20; ++number) wanted.push_back(number);
  CHECK(got.reach(20));
  CHECK(got.all() == wanted);
}

TEST_CASE("one reactor listens to Subscribers, Requests, Responses and Dealers at once") {
  Notes<std::string> heard;
  MtMsgReactor server;
  const std::string served = addResponse(server);
  server.on([](const Msg01& message) { return msg02("served " + message.field1(), 1); });
  server.start();

  Publisher publisher("tcp://127.0.0.1:*");
  Request request(served);
  request.send(msg01("r"));
  MtMsgReactor reactor;
  const std::string response = addResponse(reactor), dealer = addDealer(reactor);
  reactor.add(Subscriber(publisher.endpoint(), dividere::messaging::types<Empty01>())).add(std::move(request));
  reactor.on([](const Msg01& message) { return msg01("re: " + message.field1()); })
      .on([&](const Msg02& message) { heard.add(message.field1()); })
      .on([&](const Empty01&) { heard.add("published"); });
  reactor.start();

  Request asking(response);
  CHECK(ask(asking, msg01("a")) == "re: a");
  Dealer dealing(dealer);
  dealing.send(msg01("d"));
  CHECK(dealing.recv<Msg01>(kLimit)->field1() == "re: d");
  CHECK(heard.reachOne("served r"));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(Empty01());
  CHECK(heard.reachOne("published"));
  CHECK(ask(asking, msg01("again")) == "re: again");
}

TEST_CASE("a socket made with a list of endpoints, or with options, is taken over as it is") {
  Notes<std::string> heard;
  MtMsgReactor one, two;
  const std::string first = addResponse(one), second = addResponse(two);
  one.on([](const Msg01&) { return msg02("one", 1); });
  two.on([](const Msg01&) { return msg02("two", 2); });
  one.start();
  two.start();
  MtMsgReactor reactor;
  Request request({first, second});
  request.send(msg01(""));
  reactor.add(std::move(request)).on([&](const Msg02& message, Sender& sender) {
    heard.add(message.field1());
    if (message.field1() == "two") return;
    sender.send(msg01(""));
  });
  reactor.start();
  REQUIRE(heard.reach(2));
  CHECK(heard.all() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("what arrived before start() is handled") {
  const std::string endpoint = unique("early");
  Dealer dealer(endpoint, bound()), peer(endpoint);
  for (int i = 0; i < 10; ++i) peer.send(msg02("", i));
  Notes<int> heard;
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg02& message) { heard.add(message.field2()); });
  reactor.start();
  REQUIRE(heard.reach(10));
  CHECK(heard.all() == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a message that wait() had taken before the socket was handed over is not lost") {
  const std::string endpoint = unique("kept");
  Dealer dealer(endpoint, bound()), peer(endpoint);
  peer.send(msg01("first"));
  peer.send(msg01("second"));
  REQUIRE(dealer.wait(kLimit));
  Notes<std::string> heard;
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg01& message) { heard.add(message.field1()); });
  reactor.start();
  REQUIRE(heard.reach(2));
  CHECK(heard.all() == std::vector<std::string>{"first", "second"});
}

TEST_CASE("one, ten or a hundred sockets are waited on at once, whichever speaks") {
  for (const std::size_t count : {1u, 10u, 100u}) {
    MtMsgReactor reactor;
    std::vector<Request> requests;
    for (std::size_t i = 0; i < count; ++i) {
      dividere::messaging::Response response("tcp://127.0.0.1:*");
      requests.emplace_back(response.endpoint());
      reactor.add(std::move(response));
    }
    reactor.on([](const Msg02& message) { return msg01(std::to_string(message.field2())); });
    reactor.start();
    // One at a time, each after the reactor has come to rest; then all at once.
    for (std::size_t i = count; i-- > 0;) {
      CHECK(ask(requests[i], msg02("", static_cast<int>(i))) == std::to_string(i));
    }
    for (std::size_t i = 0; i < count; ++i) requests[i].send(msg02("", static_cast<int>(i)));
    for (std::size_t i = count; i-- > 0;) {
      const auto reply = requests[i].recv<Msg01>(kLimit);
      REQUIRE(reply);
      CHECK(reply->field1() == std::to_string(i));
    }
  }
}

// --- Fairness ---

namespace {

constexpr int kFlood = 20000;

/// A Dealer with so many messages waiting in it.
struct Flooded {
  explicit Flooded(const std::string& name = "flooded")
      : endpoint(unique(name)), dealer(endpoint, unbounded(bound())), peer(endpoint, unbounded()) {
    for (int i = 0; i < kFlood; ++i) peer.send(msg02("flood", i));
  }
  std::string endpoint;
  Dealer dealer, peer;
};

}  // namespace

TEST_CASE("a flooded socket does not keep another waiting") {
  Flooded flood;
  const std::string endpoint = unique("calm");
  Response calm(endpoint);
  Request request(endpoint);
  request.send(msg01("me too"));
  Notes<int> before;
  int count = 0;
  MtMsgReactor reactor;
  reactor.add(std::move(flood.dealer))
      .add(std::move(calm))
      .on([&](const Msg02&) {
        if (++count == kFlood) before.add(count);
      })
      .on([&](const Msg01& message) {
        before.add(count);
        return message;
      });
  reactor.start();
  REQUIRE(before.reach(2));
  CHECK(before.all().front() < kFlood / 20);
  CHECK(before.all().back() == kFlood);
}

TEST_CASE("a socket that speaks up amid a flood is not kept waiting either") {
  Flooded flood;
  const std::string endpoint = unique("calm");
  Response calm(endpoint);
  Request request(endpoint);
  Notes<int> before;
  int count = 0;
  MtMsgReactor reactor;
  reactor.add(std::move(flood.dealer))
      .add(std::move(calm))
      .on([&](const Msg02&) {
        if (++count == 1000) request.send(msg01("now me"));
        if (count == kFlood) before.add(count);
      })
      .on([&](const Msg01& message) {
        before.add(count);
        return message;
      });
  reactor.start();
  REQUIRE(before.reach(2));
  CHECK(before.all().front() < 1000 + kFlood / 20);
}

TEST_CASE("two flooded sockets are served in turn") {
  Flooded one("one"), two("two");
  Event done;
  int total = 0, furthest = 0, widest = 0;
  MtMsgReactor reactor;
  reactor.add(std::move(one.dealer)).add(std::move(two.dealer)).on([&](const Msg02& message) {
    // Each counts from 0, so `total` is the sum of both, and the number that of the one which is at work.
    ++total;
    furthest = std::max(furthest, message.field2() + 1);
    widest = std::max(widest, 2 * furthest - total);
    if (total == 2 * kFlood) done.happen();
  });
  reactor.start();
  REQUIRE(done.wait());
  CHECK(furthest == kFlood);
  CHECK(widest < kFlood / 20);
}

TEST_CASE("posted functions and timers have their turn amid a flood") {
  Flooded flood;
  Notes<int> posted, ticked;
  Event done;
  int count = 0;
  MtMsgReactor reactor;
  reactor.add(std::move(flood.dealer)).every(1ms, [&] { ticked.add(count); }).on([&](const Msg02&, Sender& sender) {
    if (++count == 100) reactor.post([&] { posted.add(count); });
    sender.send(Empty01());  // its peer reads nothing: all of it piles up there
    if (count == kFlood) done.happen();
  });
  reactor.start();
  REQUIRE(done.wait());
  REQUIRE(posted.reach(1));
  REQUIRE(ticked.reach(1));
  reactor.stop();
  CHECK(posted.all().front() < 100 + kFlood / 20);
  CHECK(ticked.all().front() < kFlood);
}

TEST_CASE("a reactor that never comes to rest still keeps its timers") {
  const std::string endpoint = unique("ping-pong");
  Dealer ping(endpoint, bound()), pong(endpoint);
  for (int i = 0; i < 100; ++i) pong.send(msg02("to and fro", i));
  Notes<bool> ticks;
  MtMsgReactor one, two;
  one.add(std::move(ping)).every(1ms, [&] { ticks.add(true); }).on([](const Msg02& message) { return message; });
  two.add(std::move(pong)).on([](const Msg02& message) { return message; });
  one.start();
  two.start();
  CHECK(ticks.reach(20));
  two.stop();
  one.stop();
  CHECK(one.handlerStats().handled > 0);
}
