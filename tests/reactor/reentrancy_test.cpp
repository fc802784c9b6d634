// Everything that can be called may be called from within a handler.

#include "kit.hpp"
#include "support/child.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::connection::Proxy;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

Msg01 same(const Msg01& message) { return message; }

/// A reactor whose handler of Msg02 does what a test says.
class Busy {
 public:
  Busy() : endpoint(addResponse(reactor)) { reactor.on(same); }

  /// Runs `action` in the handler; false if it threw or did not return.
  template <class Action>
  bool inHandler(Action action) {
    reactor.on([action](const Msg02&) mutable {
      action();
      return msg01("done");
    });
    reactor.start();
    Request request(endpoint);
    const std::string reply = ask(request, msg02("", 1));
    CHECK(reply == "done");
    return reply == "done";
  }

  /// Whether it still handles messages.
  bool goesOn() {
    Request request(endpoint);
    return ask(request, msg01("on")) == "on";
  }

  MtMsgReactor reactor;
  std::string endpoint;
};

}  // namespace

TEST_CASE("in a handler, post() runs what it is given after the handler") {
  Notes<std::string> notes;
  Busy busy;
  REQUIRE(busy.inHandler([&] {
    busy.reactor.post([&] { notes.add("posted"); });
    notes.add("handler");
  }));
  REQUIRE(notes.reach(2));
  CHECK(notes.all() == std::vector<std::string>{"handler", "posted"});
  CHECK(busy.goesOn());
}

TEST_CASE("in a handler, every() adds a timer, also in a timer") {
  Notes<int> ticks;
  Busy busy;
  REQUIRE(busy.inHandler([&] {
    busy.reactor.every(1ms, [&, added = false]() mutable {
      if (!std::exchange(added, true)) busy.reactor.every(1ms, [&] { ticks.add(2); });
      ticks.add(1);
    });
  }));
  CHECK(ticks.reachOne(2));
  CHECK(busy.goesOn());
}

TEST_CASE("in a handler, on() and the hooks are errors, as after start()") {
  Notes<std::error_code> codes;
  Busy busy;
  REQUIRE(busy.inHandler([&] {
    codes.add(codeOf([&] { busy.reactor.on(same); }));
    codes.add(codeOf([&] { busy.reactor.onUnknown([] {}); }));
    codes.add(codeOf([&] { busy.reactor.onError([](const Error&) {}); }));
    codes.add(codeOf([&] { busy.reactor.start(); }));
  }));
  CHECK(codes.all() == std::vector<std::error_code>(4, Errc::outOfTurn));
  CHECK(busy.goesOn());
}

TEST_CASE("in a handler, handlerStats() counts what is done so far") {
  std::atomic<std::uint64_t> handled{99};
  Busy busy;
  REQUIRE(busy.inHandler([&] { handled = busy.reactor.handlerStats().handled; }));
  CHECK(handled == 0);
  CHECK(busy.goesOn());
}

TEST_CASE("in a handler, stop() returns at once") {
  Busy busy;
  REQUIRE(busy.inHandler([&] { busy.reactor.stop(); }));
  busy.reactor.stop();
}

TEST_CASE("in a handler, sockets of every kind may be made, used and destroyed") {
  Notes<std::string> notes;
  Busy busy;
  MtMsgReactor other;
  const std::string there = addResponse(other), dealing = addDealer(other);
  other.on(same);
  other.start();
  REQUIRE(busy.inHandler([&] {
    Request request(there);
    notes.add(ask(request, msg01("asked")));
    Dealer dealer(dealing);
    dealer.send(msg01("dealt"));
    notes.add(dealer.recv<Msg01>(kLimit)->field1());
    Publisher publisher("tcp://127.0.0.1:*");
    Subscriber subscriber(publisher.endpoint());
    publisher.waitForSubscribers(1, kLimit);
    publisher.send(msg01("published"));
    notes.add(subscriber.recv<Msg01>(kLimit)->field1());
    Proxy proxy(0, 0);
    dividere::messaging::Response response(at(proxy.backPort()));
    Request through(at(proxy.frontPort()));
    through.send(msg01("forwarded"));
    response.send(*response.recv(kLimit));
    notes.add(through.recv<Msg01>(kLimit)->field1());
  }));
  CHECK(notes.all() == std::vector<std::string>{"asked", "dealt", "published", "forwarded"});
  CHECK(busy.goesOn());
}

TEST_CASE("in a handler, other reactors may be made, started, stopped and destroyed") {
  Notes<std::string> notes;
  Busy busy;
  auto other = std::make_unique<MtMsgReactor>();
  const std::string there = addResponse(*other);
  other->on(same);
  other->start();
  REQUIRE(busy.inHandler([&] {
    Request request(there);
    notes.add(ask(request, msg01("other")));
    other.reset();
    MtMsgReactor inner;
    const std::string within = addResponse(inner);
    inner.on(same);
    inner.start();
    Request inside(within);
    notes.add(ask(inside, msg01("inner")));
    inner.stop();
  }));
  CHECK(notes.all() == std::vector<std::string>{"other", "inner"});
  CHECK(busy.goesOn());
}

TEST_CASE("two reactors may ask each other, and post to each other, from their handlers") {
  Notes<std::string> posted;
  MtMsgReactor one, two;
  const std::string first = addResponse(one), second = addResponse(two);
  one.on([&](const Msg02& message) {
       Request request(second);
       two.post([&] { posted.add("by one"); });
       return msg01("one of " + ask(request, msg01(message.field1())));
     })
      .on(same);
  two.on([&](const Msg01& message) {
    one.post([&] { posted.add("by two"); });
    return msg01("two of " + message.field1());
  });
  one.start();
  two.start();
  Request request(first);
  CHECK(ask(request, msg02("x", 1)) == "one of two of x");
  CHECK(posted.reach(2));
}

TEST_CASE("a socket of the reactor's may be added to from outside no more, but a handler of its own may add one") {
  Notes<std::string> endpoints;
  Busy busy;
  REQUIRE(busy.inHandler([&] { endpoints.add(addResponse(busy.reactor)); }));
  Request request(endpoints.all().front());
  CHECK(ask(request, msg01("added")) == "added");
  CHECK(busy.goesOn());
}

TEST_CASE("add() refuses a socket that was moved from, and names who refuses it") {
  MtMsgReactor reactor;
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Subscriber subscriber("tcp://127.0.0.1:9");
  const std::string endpoint = response.endpoint();
  dividere::messaging::Response owner(std::move(response));
  dividere::messaging::Subscriber listener(std::move(subscriber));
  const auto error = support::errorOf([&] { reactor.add(std::move(response)); });
  REQUIRE(error);
  CHECK(error->code() == Errc::movedFrom);
  CHECK(startsWith(error->what(), "reactor::MtMsgReactor: add: "));
  CHECK(codeOf([&] { reactor.add(std::move(subscriber)); }) == Errc::movedFrom);
  reactor.on([](const Msg01& message) { return message; }).add(std::move(owner));
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("the owner's")) == "the owner's");
}

TEST_CASE("add() and start() refuse what is the parent's, in a forked child" * doctest::skip(!support::kCanFork)) {
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  MtMsgReactor parents;
  addResponse(parents);
  const std::string report = support::inFork([&] {
    MtMsgReactor own;
    support::expect(codeOf([&] { own.add(std::move(response)); }) == Errc::otherProcess,
                    "its parent's socket is refused");
    support::expect(codeOf([&] { parents.start(); }) == Errc::otherProcess, "its parent's reactor is refused");
    own.start();
  });
  CHECK(report == "");
}

TEST_CASE("the log may be handled by what uses the reactor") {
  Notes<std::string> notes;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg01&) { throw std::runtime_error("to be logged"); });
  reactor.start();
  dividere::setLogHandler(
      [&](dividere::LogLevel, std::string_view, std::string_view text) {
        reactor.post([&, line = std::string(text)] { notes.add(line); });
        reactor.handlerStats();
      },
      dividere::LogLevel::warning);
  Request request(endpoint);
  ask(request, msg01(""));
  CHECK(notes.reach(1));
  dividere::setLogHandler(nullptr);
  reactor.stop();
}
