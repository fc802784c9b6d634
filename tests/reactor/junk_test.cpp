// What is no message, at every kind of socket: reported, replied to where somebody waits, and the next message is fine.

#include "dividere.pb.h"
#include "kit.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::connection::Route;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

DividereError dividereError() {
  DividereError error;
  error.set_code(3);
  error.set_text("says the peer");
  return error;
}

/// One frame each; none is a message that the reactors below handle.
std::vector<std::string> junk() {
  const std::string good = envelopeOf(msg01("good"));
  std::string cut = good;
  cut.pop_back();
  std::string otherName = good;
  otherName.replace(otherName.find("Msg01"), 5, "Msg02");
  return {"",
          std::string(1, '\0'),
          "hello",
          std::string(100000, '\xFF'),
          "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
          cut,
          good + good,
          otherName,
          envelopeOfStranger(),
          envelopeOf(Empty01()),
          envelopeOf(ShutdownEvent()),
          envelopeOf(dividereError()),
          std::string("\x01", 1),
          std::string("\x02", 1)};
}

}  // namespace

TEST_CASE("a Response replies to every kind of junk with an error, and the next request with its reply") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  Request request(endpoint);
  for (const std::string& bytes : junk()) {
    CAPTURE(bytes.substr(0, 40));
    request.connection().send(bytes);
    const auto reply = request.connection().recv(kLimit);
    REQUIRE(reply);
    CHECK(startsWith(answerIn(*reply), "error "));
    CHECK(ask(request, msg01("fine")) == "fine");
  }
  reactor.stop();
  CHECK(reactor.handlerStats().handled == junk().size());
}

TEST_CASE("a Response replies to requests of several frames, and of thousands, with an error") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  Raw dealer(ZMQ_DEALER);
  dealer.connect(endpoint);
  for (const std::size_t frames : {2u, 3u, 64u, 65u, 5000u}) {
    Raw::Frames request(frames + 1, envelopeOf(msg01("one of several")));
    request.front() = "";
    dealer.send(request);
    CHECK(startsWith(answerIn(dealer.recv().back()), "error 6: "));
    dealer.send({"", envelopeOf(msg01("fine"))});
    CHECK(answerIn(dealer.recv().back()) == "fine");
  }
  dealer.send({"no empty frame, which a Response must have"});
  dealer.send({"", envelopeOf(msg01("fine"))});
  CHECK(answerIn(dealer.recv().back()) == "fine");
}

TEST_CASE("an error too long for the peer is told without its text, and the Response goes on") {
  const LogNotes log;
  dividere::connection::SocketOptions options;
  options.maxMessageBytes = 100;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor, options);
  reactor.on([](const Msg01&) { throw std::runtime_error(std::string(200, 'x')); }).on([](const Msg02& message) {
    return msg01(std::string(static_cast<std::size_t>(message.field2()), 'y'));
  });
  reactor.start();
  Request request(endpoint);
  CHECK(startsWith(ask(request, msg01("")), "error 3: "));
  CHECK(startsWith(ask(request, msg02("", 1000)), "error "));
  CHECK(ask(request, msg02("", 3)) == "yyy");
}

TEST_CASE("an error is told as text that every peer can read, whatever the handler threw") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  std::atomic<const char*> threw{""};
  reactor.on([&](const Msg01& message) { throw std::runtime_error("it says: " + message.field1() + threw.load()); });
  reactor.start();
  Request request(endpoint);
  CHECK(contains(ask(request, msg01("h\u00e9 \u20ac \U0001F600")), "it says: h\u00e9 \u20ac \U0001F600"));
  for (const char* bytes : {"\xFF\xFE", "cut \xE2\x82", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80"}) {
    threw = bytes;
    CHECK(contains(ask(request, msg01("")), "it says: "));
  }
}

TEST_CASE("a Response that is sent an error, as if it had asked, replies that it does not handle such a message") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  Request request(endpoint);
  const std::string told = ask(request, dividereError());
  CHECK(startsWith(told, "error 5: "));
  CHECK(contains(told, "no handler for 'DividereError'"));
  CHECK(ask(request, msg01("fine")) == "fine");
}

TEST_CASE("an error that goes on and on is told in part") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01&) { throw std::runtime_error("it begins" + std::string(10'000'000, 'x')); });
  reactor.start();
  Request request(endpoint);
  const std::string told = ask(request, msg01(""));
  CHECK(contains(told, "it begins"));
  CHECK(told.size() < 100'000);
}

TEST_CASE("a Dealer's error hook is told by which route an error, or junk, has come") {
  const LogNotes log;
  Notes<Route> routes;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.onError([&](const Error& error) {
    const auto* routed = dynamic_cast<const Dealer::RoutedError*>(&error);
    routes.add(routed ? routed->route() : Route{"none"});
  });
  reactor.start();
  Raw dealer(ZMQ_DEALER);
  dealer.connect(endpoint);
  dealer.send({"first", "", envelopeOf(dividereError())});
  dealer.send({"second", "junk"});
  dealer.send({envelopeOf(dividereError())});
  REQUIRE(routes.reach(3));
  CHECK(routes.all() == std::vector<Route>{{"first", ""}, {"second"}, {"none"}});
}

TEST_CASE("a Dealer tells whoever asked through a router of junk, and goes on") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  Raw dealer(ZMQ_DEALER);
  dealer.connect(endpoint);
  for (const std::string& bytes : junk()) {
    CAPTURE(bytes.substr(0, 40));
    dealer.send({bytes});
    dealer.send({"", bytes});
    if (bytes != envelopeOf(dividereError())) {  // a reply, which is not replied to
      dealer.send({"asker", "", bytes});
      const auto told = dealer.recv();
      REQUIRE(told.size() == 3);
      CHECK(told.front() == "asker");
      CHECK(startsWith(answerIn(told.back()), "error "));
    }
    dealer.send({"asker", "", envelopeOf(msg01("fine"))});
    CHECK(answerIn(dealer.recv().back()) == "fine");
  }
  for (const std::size_t frames : {65u, 5000u}) {
    dealer.send(Raw::Frames(frames, envelopeOf(msg01("one of many"))));
    dealer.send({envelopeOf(msg01("fine"))});
    CHECK(answerIn(dealer.recv().back()) == "fine");
  }
}

TEST_CASE("a Request that gets junk for a reply reports it, and its reactor goes on") {
  const LogNotes log;
  Raw server(ZMQ_ROUTER);
  const std::string endpoint = server.bind();
  for (const std::string& bytes : junk()) {
    CAPTURE(bytes.substr(0, 40));
    Notes<std::string> heard;
    Notes<std::string> wrong;
    MtMsgReactor reactor;
    Request junked(endpoint), fine(endpoint);
    junked.send(msg01("junk, please"));
    auto asked = server.recv();
    asked.back() = bytes;
    server.send(asked);
    fine.send(msg01("fine"));
    const auto echo = server.recv();
    reactor.add(std::move(junked))
        .add(std::move(fine))
        .on([&](const Msg01& message) { heard.add(message.field1()); })
        .onUnknown([&](const std::string& type) { wrong.add(type); })
        .onError([&](const Error& error) { wrong.add(error.what()); });
    reactor.start();
    REQUIRE(wrong.reach(1));
    server.send(echo);
    REQUIRE(heard.reach(1));
    CHECK(heard.all().front() == "fine");
  }
}

TEST_CASE("a Request's reply of several frames is reported; a late one, and what was not asked for, are ignored") {
  const LogNotes log;
  Raw server(ZMQ_ROUTER);
  const std::string endpoint = server.bind();
  Request junked(endpoint), fine(endpoint);
  junked.send(msg01("one"));
  const auto asked = server.recv();
  fine.send(msg01("fine"));
  const auto echo = server.recv();
  Notes<std::string> heard, errors;
  MtMsgReactor reactor;
  reactor.add(std::move(junked))
      .add(std::move(fine))
      .on([&](const Msg01& message) { heard.add(message.field1()); })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  auto several = asked;
  several.push_back("more");
  server.send(several);
  REQUIRE(errors.reach(1));
  server.send(asked);
  server.send(asked);
  server.send({asked.front(), "nothing", "like", "an answer"});
  server.send(echo);
  REQUIRE(heard.reach(1));
  CHECK(heard.all() == std::vector<std::string>{"fine"});
  CHECK(errors.count() == 1);
}

TEST_CASE("a Subscriber goes on after every kind of junk") {
  const LogNotes log;
  Raw publisher(ZMQ_XPUB);
  Notes<std::string> heard;
  MtMsgReactor reactor;
  reactor.add(Subscriber(publisher.bind())).on([&](const Msg01& message) { heard.add(message.field1()); });
  reactor.start();
  for (bool subscribed = false; !subscribed;) {
    const auto subscription = publisher.recv();
    REQUIRE(!subscription.empty());
    subscribed = subscription.front() == "\1\x0A";
  }
  for (const std::string& bytes : junk()) {
    publisher.send({bytes});
    publisher.send({bytes, bytes});
    publisher.send(Raw::Frames(100, bytes));
  }
  publisher.send({envelopeOf(msg01("fine"))});
  REQUIRE(heard.reach(1));
  CHECK(heard.all() == std::vector<std::string>{"fine"});
}

TEST_CASE("bytes that are no ZeroMQ at all do not disturb a Response or a Dealer") {
  MtMsgReactor reactor;
  const std::string response = addResponse(reactor), dealer = addDealer(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  for (const std::string& endpoint : {response, dealer}) {
    const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(1000, '\xFF'), std::string("\1\0\5hello", 8),
          std::string("\xFF\0\0\0\0\0\0\0\1\x7F", 10) + std::string(500, '\0')}) {
      auto stream = support::TcpStream::connect(port);
      stream.send(bytes);
      CHECK(stream.endedByPeer());
    }
  }
  Request request(response);
  CHECK(ask(request, msg01("fine")) == "fine");
  Dealer asker(dealer);
  asker.send(msg01("fine"));
  CHECK(asker.recv<Msg01>(kLimit)->field1() == "fine");
  reactor.stop();
  CHECK(reactor.handlerStats().malformed == 0);
}

TEST_CASE("a peer's ShutdownEvent stops nothing: it is a message like any other") {
  const LogNotes log;
  SUBCASE("which has no handler") {
    Notes<std::string> unknown;
    MtMsgReactor reactor;
    const std::string response = addResponse(reactor), dealer = addDealer(reactor);
    Publisher publisher("tcp://127.0.0.1:*");
    reactor.add(Subscriber(publisher.endpoint()));
    reactor.onUnknown([&](const std::string& type) { unknown.add(type); }).on([](const Msg01& message) {
      return message;
    });
    reactor.start();
    Request request(response);
    CHECK(startsWith(ask(request, ShutdownEvent()), "error 5: "));
    Dealer(dealer).send(ShutdownEvent());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send(ShutdownEvent());
    REQUIRE(unknown.reach(3));
    CHECK(ask(request, msg01("still there")) == "still there");
  }
  SUBCASE("which has one") {
    MtMsgReactor reactor;
    const std::string endpoint = addResponse(reactor);
    reactor.on([](const ShutdownEvent&) { return msg01("no"); });
    reactor.start();
    Request request(endpoint);
    CHECK(ask(request, ShutdownEvent()) == "no");
    CHECK(ask(request, ShutdownEvent()) == "no");
  }
}
