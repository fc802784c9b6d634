// Sending from any thread on a socket that a reactor owns.

#include "kit.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Interrupt;
using dividere::connection::Route;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::ReactorSender;

namespace {

constexpr std::size_t kRoom = 1000;

/// Takes nothing before somebody connects.
ReactorSender withoutPeer(MtMsgReactor& reactor, std::string& endpoint) {
  endpoint = addDealer(reactor);
  return reactor.sender();
}

void fill(const ReactorSender& sender) {
  for (std::size_t i = 0; i < kRoom; ++i) sender.send(msg01(std::to_string(i)));
}

}  // namespace

TEST_CASE("any thread sends on a Dealer that a reactor owns: all arrives, and what one thread sends in order") {
  constexpr int kThreads = 4, kEach = 1500;
  Dealer peer("tcp://127.0.0.1:*");
  MtMsgReactor reactor;
  reactor.add(Dealer(peer.endpoint()));
  const ReactorSender sender = reactor.sender();
  reactor.start();
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&refused, t, sender] {
      for (int i = 0; i < kEach; ++i) {
        if (!sender.send(msg01(std::to_string(t * kEach + i)), kLimit)) ++refused;
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  for (int i = 0; i < kThreads * kEach; ++i) {
    const auto message = peer.recv<Msg01>(kLimit);
    REQUIRE(message);
    const int number = std::stoi(message->field1());
    CHECK(number % kEach == next[static_cast<std::size_t>(number / kEach)]++);
  }
  for (auto& thread : threads) thread.join();
  CHECK(refused == 0);
}

TEST_CASE("a Request that is sent on from other threads asks one after another, and its handler gets each reply") {
  Notes<std::string> replies;
  MtMsgReactor answering, asking;
  const std::string endpoint = addResponse(answering);
  answering.on([](const Msg01& message) { return msg01("re: " + message.field1()); });
  answering.start();
  asking.add(Request(endpoint)).on([&](const Msg01& reply) { replies.add(reply.field1()); });
  const ReactorSender sender = asking.sender();
  asking.start();
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    sender.send(msg01(std::to_string(i)));
    expected.push_back("re: " + std::to_string(i));
  }
  REQUIRE(replies.reach(200));
  CHECK(replies.all() == expected);
  CHECK(support::eventually([&] { return sender.waiting() == 0; }));
}

TEST_CASE("what is sent before start() goes out after it, and what is sent before stop() too") {
  Dealer peer("tcp://127.0.0.1:*");
  MtMsgReactor reactor;
  reactor.add(Dealer(peer.endpoint()));
  const ReactorSender sender = reactor.sender();
  sender.send(msg01("before"));
  CHECK(sender.waiting() == 1);
  reactor.start();
  for (int i = 0; i < 100; ++i) sender.send(msg01("during"));
  reactor.stop();
  CHECK(peer.recv<Msg01>(kLimit)->field1() == "before");
  for (int i = 0; i < 100; ++i) REQUIRE(peer.recv<Msg01>(kLimit));
}

TEST_CASE("a sender outlives its reactor, and says then that it is stopped") {
  std::optional<MtMsgReactor> reactor(std::in_place);
  std::string endpoint;
  const ReactorSender sender = withoutPeer(*reactor, endpoint);
  reactor->start();
  reactor->stop();
  CHECK(codeOf([&] { sender.send(msg01("late")); }) == Errc::stopping);
  CHECK(codeOf([&] { reactor->sender(); }) == Errc::stopping);
  reactor.reset();
  CHECK(codeOf([&] { sender.send(msg01("later"), kLimit); }) == Errc::stopping);
  CHECK(sender.waiting() == 0);
  ReactorSender moved = sender, to = std::move(moved);
  CHECK(codeOf([&] { moved.send(msg01("")); }) == Errc::movedFrom);
}

TEST_CASE("a socket that takes nothing makes 1000 messages wait, no more, and they go out once it does") {
  MtMsgReactor reactor;
  std::string endpoint;
  const ReactorSender sender = withoutPeer(reactor, endpoint);
  reactor.start();
  fill(sender);
  CHECK(codeOf([&] { sender.send(msg01("too many")); }) == Errc::overloaded);
  CHECK_FALSE(sender.send(msg01("too many"), 1ms));
  Interrupt interrupt;
  interrupt.raise();
  CHECK_FALSE(sender.send(msg01("too many"), kLimit, interrupt));
  CHECK(sender.waiting() == kRoom);

  std::atomic<bool> sent{false};
  std::thread waiting([&] { sent = sender.send(msg01(std::to_string(kRoom)), kLimit); });
  Dealer peer(endpoint);
  for (std::size_t i = 0; i <= kRoom; ++i) {
    const auto message = peer.recv<Msg01>(kLimit);
    REQUIRE(message);
    CHECK(message->field1() == std::to_string(i));
  }
  waiting.join();
  CHECK(sent);
}

TEST_CASE("an interrupt ends the wait of a sender for room, and so does the end of the reactor") {
  const LogNotes log;
  MtMsgReactor reactor;
  std::string endpoint;
  const ReactorSender sender = withoutPeer(reactor, endpoint);
  reactor.start();
  fill(sender);
  Interrupt interrupt;
  std::atomic<bool> sent{true};
  Notes<std::error_code> ended;
  std::thread interrupted([&] { sent = sender.send(msg01(""), kLimit, interrupt); });
  std::thread stopped([&] { ended.add(codeOf([&] { sender.send(msg01(""), kLimit); })); });
  interrupt.raise();
  interrupted.join();
  CHECK_FALSE(sent);
  reactor.stop();
  stopped.join();
  CHECK(ended.all() == std::vector<std::error_code>{Errc::stopping});
}

TEST_CASE("what was not sent at the end of a reactor is told to its error hook, by number") {
  Notes<std::string> errors;
  MtMsgReactor reactor;
  std::string endpoint;
  const ReactorSender sender = withoutPeer(reactor, endpoint);
  reactor.onError([&](const std::string& what) { errors.add(what); });
  reactor.start();
  for (int i = 0; i < 3; ++i) sender.send(msg01(""));
  reactor.stop();
  REQUIRE(errors.count() == 1);
  CHECK(contains(errors.all()[0], "3 messages were not sent"));
}

TEST_CASE("in the reactor's own thread a sender never waits") {
  MtMsgReactor reactor;
  std::string endpoint;
  const ReactorSender sender = withoutPeer(reactor, endpoint);
  Notes<bool> sent;
  reactor.post([&] {
    fill(sender);
    sent.add(sender.send(msg01(""), kLimit));
  });
  reactor.onError([](const std::string&) {});
  reactor.start();
  REQUIRE(sent.reach(1));
  CHECK_FALSE(sent.all()[0]);
}

TEST_CASE(
    "of several sockets a sender takes the one that was added last, or the one with the endpoint it is asked for") {
  Dealer first("tcp://127.0.0.1:*"), second("tcp://127.0.0.1:*");
  MtMsgReactor reactor;
  reactor.add(Dealer(first.endpoint())).add(Dealer(second.endpoint()));
  reactor.sender(first.endpoint()).send(msg01("one"));
  reactor.sender(second.endpoint()).send(msg01("two"));
  reactor.start();
  reactor.sender().send(msg01("three"));
  CHECK(first.recv<Msg01>(kLimit)->field1() == "one");
  CHECK(second.recv<Msg01>(kLimit)->field1() == "two");
  CHECK(second.recv<Msg01>(kLimit)->field1() == "three");
}

TEST_CASE("where nothing can be sent, sender() says so, and what there is") {
  MtMsgReactor reactor;
  CHECK(contains(support::whatOf([&] { reactor.sender(); }), "nothing was added"));
  Dealer peer("tcp://127.0.0.1:*");
  reactor.add(Dealer(peer.endpoint()));
  const auto unknown = support::errorOf([&] { reactor.sender("tcp://127.0.0.1:1"); });
  REQUIRE(unknown);
  CHECK(unknown->code() == Errc::badEndpoint);
  CHECK(contains(unknown->what(), peer.endpoint()));
  const std::string endpoint = addResponse(reactor);
  CHECK(codeOf([&] { reactor.sender(endpoint); }) == Errc::outOfTurn);
  reactor.add(Subscriber(endpoint));
  CHECK(codeOf([&] { reactor.sender(); }) == Errc::outOfTurn);
}

TEST_CASE("a sender sends along a route by a Dealer, and refuses one for a Request") {
  Notes<Route> routes;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  const ReactorSender sender = reactor.sender();
  reactor.on([&](const Msg01&, dividere::reactor::Sender& origin) { routes.add(origin.route()); });
  reactor.start();
  Dealer peer(endpoint);
  const Route route{"way", ""};
  peer.send(route, msg01("question"));
  REQUIRE(routes.reach(1));
  sender.send(routes.all()[0], msg01("reply"));
  const auto reply = peer.recv(kLimit);
  REQUIRE(reply);
  CHECK(reply->route == route);

  MtMsgReactor asking;
  asking.add(Request(endpoint));
  CHECK(codeOf([&] { asking.sender().send(Route{"a"}, msg01("")); }) == std::errc::invalid_argument);
}

TEST_CASE("what no socket would send is refused in the thread that sends it") {
  dividere::connection::SocketOptions small;
  small.maxMessageBytes = 100;
  MtMsgReactor reactor;
  addDealer(reactor, small);
  const ReactorSender sender = reactor.sender();
  CHECK(codeOf([&] { sender.send(msg01(std::string(200, 'x'))); }) == Errc::tooLarge);
  CHECK(sender.waiting() == 0);
}

TEST_CASE("a loop of one's own sends what other threads give it") {
  Dealer peer("tcp://127.0.0.1:*");
  MtMsgReactor reactor;
  reactor.add(Dealer(peer.endpoint()));
  const ReactorSender sender = reactor.sender();
  std::thread other([&] { sender.send(msg01("from afar")); });
  while (sender.waiting() == 0) std::this_thread::yield();
  while (sender.waiting() != 0) reactor.runOnce(kLimit);
  other.join();
  CHECK(peer.recv<Msg01>(kLimit)->field1() == "from afar");
}

TEST_CASE("a forked child cannot use its copy of a sender" * doctest::skip(!support::kCanFork)) {
  const LogNotes log;
  MtMsgReactor reactor;
  std::string endpoint;
  const ReactorSender sender = withoutPeer(reactor, endpoint);
  const std::string report = support::inFork([&] {
    support::expect(codeOf([&] { sender.send(msg01("")); }) == Errc::otherProcess, "send");
    support::expect(codeOf([&] { reactor.sender(); }) == Errc::otherProcess, "sender()");
  });
  CHECK(report == "");
}
