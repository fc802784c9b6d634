// The way back of a reply, from each kind of socket.

#include "kit.hpp"
#include "support/eventually.hpp"
#include "support/key_ring.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::connection::Proxy;
using dividere::connection::Route;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

// --- Response ---

TEST_CASE("a Response's second reply is an error, and the first one stands") {
  const LogNotes log;
  Notes<std::error_code> second;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([&](const Msg01& message, Sender& sender) {
    sender.send(message);
    second.add(codeOf([&] { sender.send(msg01("again")); }));
  });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("one")) == "one");
  CHECK(ask(request, msg01("two")) == "two");
  REQUIRE(second.reach(2));
  CHECK(second.all() == std::vector<std::error_code>(2, Errc::outOfTurn));
}

TEST_CASE("a handler that sends its reply and returns another is told, not whoever asked") {
  const LogNotes log;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor
      .on([](const Msg01& message, Sender& sender) {
        sender.send(message);
        return msg01("again");
      })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("one")) == "one");
  CHECK(ask(request, msg01("two")) == "two");
  REQUIRE(errors.reach(2));
  CHECK(contains(errors.all().front(), "no request to reply to"));
  reactor.stop();
  CHECK(reactor.handlerStats().failed == 2);
}

TEST_CASE("a Response's handler sees that whoever asked is gone, and the next one is served") {
  Event begun, hooked;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([&](const Msg01& message, Sender& sender) {
    if (message.field1() == "next") return sender.send(message);
    sender.onCancel([&] { hooked.happen(); });
    CHECK_FALSE(sender.cancelled());
    begun.happen();
    CHECK(support::eventually([&] { return sender.cancelled(); }));
  });
  reactor.start();
  {
    Request gone(endpoint);
    gone.send(msg01("long"));
    REQUIRE(begun.wait());
  }
  CHECK(hooked.wait());
  Request request(endpoint);
  CHECK(ask(request, msg01("next")) == "next");
  reactor.stop();
  CHECK((reactor.handlerStats().cancelled == 1 && reactor.handlerStats().failed == 0));
}

TEST_CASE("a reply that was left to a Later and is wanted no more does not keep a Response from the next request") {
  Event deferred, hooked;
  std::optional<dividere::reactor::Later> later;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([&](const Msg01& message, Sender& sender) {
    if (message.field1() == "next") return sender.send(message);
    sender.onCancel([&] { hooked.happen(); });
    later.emplace(sender.defer());
    deferred.happen();
  });
  reactor.start();
  {
    Request gone(endpoint);
    gone.send(msg01("long"));
    REQUIRE(deferred.wait());
  }
  CHECK(hooked.wait());
  CHECK(later->cancelled());
  later.reset();
  Request request(endpoint);
  CHECK(ask(request, msg01("next")) == "next");
  reactor.stop();
  CHECK(reactor.handlerStats().failed == 0);
}

TEST_CASE("a Response's handler that sends no reply is reported, and whoever asked is told") {
  const LogNotes log;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01&) {})
      .on([](const Msg02&, Sender&) {})
      .on([](const Empty01&) { return msg01("an answer"); })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  Request request(endpoint);
  const std::string told = ask(request, msg01(""));
  CHECK(startsWith(told, "error 3: "));
  CHECK(contains(told, "no reply"));
  CHECK(contains(ask(request, msg02("", 1)), "no reply"));
  CHECK(errors.reach(2));
  CHECK(ask(request, Empty01()) == "an answer");
}

TEST_CASE("a Response in a reactor replies through a Proxy") {
  Proxy proxy(0, 0);
  MtMsgReactor reactor;
  reactor.add(Response(at(proxy.backPort()))).on([](const Msg01& message) { return msg01(message.field1() + "!"); });
  reactor.start();
  Request one(at(proxy.frontPort())), two(at(proxy.frontPort()));
  one.send(msg01("one"));
  CHECK(ask(two, msg01("two")) == "two!");
  CHECK(one.recv<Msg01>().field1() == "one!");
}

// --- Dealer ---

TEST_CASE("a Dealer may reply any number of times, also not at all") {
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.on([](const Msg02& message, Sender& sender) {
    for (int i = 0; i < message.field2(); ++i) sender.send(msg01(message.field1() + std::to_string(i)));
  });
  reactor.start();
  Dealer dealer(endpoint);
  dealer.send(msg02("a", 3));
  dealer.send(msg02("b", 0));
  dealer.send(msg02("c", 1));
  for (const char* expected : {"a0", "a1", "a2", "c0"}) {
    const auto reply = dealer.recv<Msg01>(kLimit);
    REQUIRE(reply);
    CHECK(reply->field1() == expected);
  }
  reactor.stop();
  CHECK(reactor.handlerStats().handled == 3);
  CHECK(reactor.handlerStats().failed == 0);
}

TEST_CASE("a Dealer's handler is shown the route, and its reply goes back along it") {
  Notes<Route> routes;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.on([&](const Msg01& message, Sender& sender) {
    routes.add(sender.route());
    sender.send(message);
  });
  reactor.start();
  Raw dealer(ZMQ_DEALER);
  dealer.connect(endpoint);
  const std::vector<Route> sent = {
      {}, {""}, {"a"}, {"a", ""}, {"", "a"}, {"a", "b", "", "c", ""}, {std::string("\0x", 2)}};
  for (const Route& route : sent) {
    Raw::Frames frames = route;
    frames.push_back(envelopeOf(msg01("along")));
    dealer.send(frames);
    CHECK(dealer.recv() == frames);
  }
  CHECK(routes.all() == sent);
}

TEST_CASE("a Dealer that connects to a router replies to each of those behind it") {
  Raw router(ZMQ_ROUTER);
  Dealer dealer(router.bind());
  dealer.send(msg01("a router knows only those who have said something"));
  const std::string id = router.recv().front();
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([](const Msg01& message) { return msg01("re: " + message.field1()); });
  reactor.start();
  for (const std::string client : {"c1", "c2", "c3"}) router.send({id, client, "", envelopeOf(msg01(client))});
  for (const std::string client : {"c1", "c2", "c3"}) {
    CHECK(router.recv() == Raw::Frames{id, client, "", envelopeOf(msg01("re: " + client))});
  }
}

TEST_CASE("Dealers behind a Proxy reply to the Requests in front of it") {
  Proxy proxy(0, 0);
  MtMsgReactor reactor;
  reactor.add(Dealer(at(proxy.backPort()))).on([](const Msg01& message) { return msg01(message.field1() + "!"); });
  reactor.start();
  std::vector<Request> requests;
  for (int i = 0; i < 5; ++i) requests.emplace_back(at(proxy.frontPort()));
  for (int i = 0; i < 5; ++i) requests[static_cast<std::size_t>(i)].send(msg01(std::to_string(i)));
  for (int i = 4; i >= 0; --i) {
    const auto reply = requests[static_cast<std::size_t>(i)].recv<Msg01>(kLimit);
    REQUIRE(reply);
    CHECK(reply->field1() == std::to_string(i) + "!");
  }
}

TEST_CASE("who asked a Dealer through a router is told of a failure; who sent straight is not") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.on([](const Msg01&) { throw std::runtime_error("it broke"); }).on([](const Msg02& message) {
    return message;
  });
  reactor.start();
  Raw dealer(ZMQ_DEALER);
  dealer.connect(endpoint);

  dealer.send({"asker", "", envelopeOf(msg01(""))});
  const auto told = dealer.recv();
  REQUIRE(told.size() == 3);
  CHECK(told[0] == "asker");
  CHECK(startsWith(answerIn(told[2]), "error 3: "));
  CHECK(contains(answerIn(told[2]), "it broke"));

  dealer.send({"asker", envelopeOf(Empty01())});
  CHECK(startsWith(answerIn(dealer.recv().back()), "error 5: "));
  dealer.send({"asker", "junk"});
  CHECK(startsWith(answerIn(dealer.recv().back()), "error 6: "));

  dealer.send({envelopeOf(msg01(""))});
  dealer.send({"", envelopeOf(msg01(""))});
  dealer.send({envelopeOf(Empty01())});
  dealer.send({"junk"});
  dealer.send({envelopeOf(msg02("the next answer", 1))});
  CHECK(answerIn(dealer.recv().back()) == "the next answer");
}

TEST_CASE("two reactors that understand nothing of what the other says do not go on about it") {
  const LogNotes log;
  Dealer dealer("tcp://127.0.0.1:*"), other(dealer.endpoint());
  other.send(Route{"asker", ""}, msg02("not understood", 1));
  Notes<std::string> errors;
  MtMsgReactor one, two;
  one.add(std::move(dealer));
  two.add(std::move(other)).onError([&](const Error& error) { errors.add(error.what()); });
  two.start();
  one.start();
  REQUIRE(errors.reach(1));  // what it said is not understood
  two.stop();
  one.stop();
  CHECK(errors.count() == 1);
  CHECK(one.handlerStats().unknown == 1);
  CHECK(two.handlerStats().unknown + two.handlerStats().malformed == 0);
}

// --- Request ---

TEST_CASE("a Request's reply is handled, and the Sender sends the next request") {
  Notes<int> numbers;
  MtMsgReactor server;
  const std::string endpoint = addResponse(server);
  server.on([](const Msg02& message) { return msg02(message.field1(), message.field2() + 1); });
  server.start();

  MtMsgReactor client;
  Request request(endpoint);
  request.send(msg02("count", 0));  // before the reactor takes it over
  client.add(std::move(request)).on([&](const Msg02& message, Sender& sender) {
    numbers.add(message.field2());
    if (message.field2() < 100) sender.send(message);
  });
  client.start();
  REQUIRE(numbers.reach(100));
  client.stop();
  std::vector<int> expected;
  for (int i = 1; i <= 100; ++i) expected.push_back(i);
  CHECK(numbers.all() == expected);
}

TEST_CASE("a Request's handler may return the next request, and sends only one") {
  Notes<int> numbers;
  Notes<std::error_code> second;
  MtMsgReactor server;
  const std::string endpoint = addResponse(server);
  server.on([](const Msg02& message) { return message; });
  server.start();

  MtMsgReactor client;
  Request request(endpoint);
  request.send(msg02("", 0));
  client.add(std::move(request)).on([&](const Msg02& message, Sender& sender) {
    numbers.add(message.field2());
    sender.send(msg02("", message.field2() + 1));
    second.add(codeOf([&] { sender.send(msg02("", 1000)); }));
  });
  client.start();
  REQUIRE(numbers.reach(20));
  client.stop();
  const auto all = numbers.all();
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == static_cast<int>(i));
  for (const auto& code : second.all()) CHECK(code == Errc::outOfTurn);
}

TEST_CASE("a reply that says there is none reaches the error hook of whoever asked by a Request") {
  const LogNotes log;
  Notes<std::pair<std::error_code, std::string>> errors;
  MtMsgReactor server;
  const std::string endpoint = addResponse(server);
  server.on([](const Msg01&) { throw std::runtime_error("out of paper"); });
  server.start();

  MtMsgReactor client;
  Request request(endpoint);
  request.send(msg01(""));
  client.add(std::move(request)).onError([&](const Error& error) { errors.add({error.code(), error.what()}); });
  client.start();
  REQUIRE(errors.reach(1));
  CHECK(errors.all().front().first == Errc::handlerFailed);
  CHECK(contains(errors.all().front().second, "out of paper"));
}

// --- Subscriber ---

TEST_CASE("a Subscriber has no way back: replying is an error that says so, and the next message is fine") {
  const LogNotes log;
  Publisher publisher("tcp://127.0.0.1:*");
  Notes<std::string> heard, errors;
  MtMsgReactor reactor;
  reactor.add(Subscriber(publisher.endpoint()))
      .on([&](const Msg01& message, Sender& sender) {
        heard.add(message.field1());
        CHECK(sender.route().empty());
        sender.send(message);
      })
      .on([&](const Msg02& message) {
        heard.add(message.field1());
        return message;
      })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg01("one"));
  publisher.send(msg02("two", 1));
  publisher.send(msg01("three"));
  REQUIRE(errors.reach(3));
  CHECK(heard.all() == std::vector<std::string>{"one", "two", "three"});
  CHECK(contains(errors.all().front(), "Subscriber"));
  CHECK(contains(errors.all().front(), "no way back"));
}

TEST_CASE("what a Subscriber cannot use is reported, and told to nobody") {
  const LogNotes log;
  Publisher publisher("tcp://127.0.0.1:*");
  Notes<std::string> heard;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  reactor.add(Subscriber(publisher.endpoint()))
      .on([&](const Msg01& message) { heard.add(message.field1()); })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.connection().send("\njunk");  // begins as an envelope does, or it would not come
  publisher.send(Empty01());
  publisher.send(msg01("after"));
  REQUIRE(heard.reach(1));
  reactor.stop();
  CHECK(errors.count() == 1);
  CHECK(reactor.handlerStats().malformed == 1);
  CHECK(reactor.handlerStats().unknown == 1);
}

// --- Who it was ---

TEST_CASE("a handler is told whose key sent the message, by a Response, a Dealer and a Request alike") {
  const support::Acquainted ring;
  Notes<std::string> senders;
  MtMsgReactor reactor;
  Response response("tcp://127.0.0.1:*", ring.host.options());
  const std::string endpoint = response.endpoint();
  Dealer dealer("tcp://127.0.0.1:*", ring.host.options());
  const std::string dealers = dealer.endpoint();
  reactor.add(std::move(response));
  reactor.add(std::move(dealer));
  reactor.on([&](const Msg01& message, Sender& sender) {
    senders.add(sender.peer().name + " " + sender.peer().key + " " + sender.peer().address);
    return message;
  });
  reactor.start();
  Request request(endpoint, ring.client.options());
  CHECK(ask(request, msg01("one")) == "one");
  Dealer other(dealers, ring.client.options());
  other.send(msg01("two"));
  REQUIRE(senders.reach(2));
  CHECK(senders.all() == std::vector<std::string>(2, "client " + ring.client.key() + " 127.0.0.1"));
}

TEST_CASE("where nothing is secured a handler is told of nobody") {
  Notes<std::string> senders;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([&](const Msg01& message, Sender& sender) {
    senders.add(sender.peer().name + sender.peer().key + sender.peer().address);
    return message;
  });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("one")) == "one");
  CHECK(senders.all() == std::vector<std::string>(1, ""));
}
