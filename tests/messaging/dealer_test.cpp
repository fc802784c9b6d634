#include <doctest/doctest.h>

#include <dividere.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dividere.pb.h"
#include "endpoints.hpp"
#include "golden.pb.h"
#include "packaged.pb.h"
#include "required.pb.h"
#include "support/messages.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::connection::Route;
using dividere::messaging::Dealer;
using dividere::messaging::Response;

namespace {

/// Two dealers that talk to each other.
struct Pair {
  Dealer bound{"tcp://*:*"};
  Dealer connected{meeting(bound)};
};

}  // namespace

TEST_CASE("two dealers exchange typed messages, any number of them either way") {
  Pair pair;
  for (int i = 0; i < 10; ++i) pair.connected.send(msg02(i));
  for (int i = 0; i < 10; ++i) CHECK(pair.bound.recv<Msg02>().field2() == i);
  for (int i = 0; i < 10; ++i) pair.bound.send(msg01(std::to_string(i)));
  for (int i = 0; i < 10; ++i) CHECK(pair.connected.recv<Msg01>().field1() == std::to_string(i));
}

TEST_CASE("a message that came without a route has none, and its type is its own") {
  Pair pair;
  pair.connected.send(msg01("abcd"));
  const Dealer::Routed message = pair.bound.recv();
  CHECK(message.route.empty());
  REQUIRE(message.body->GetDescriptor() == Msg01::descriptor());
  CHECK(static_cast<const Msg01&>(*message.body).field1() == "abcd");
}

TEST_CASE("a route of any frames comes with its typed message, and goes back with the reply") {
  Pair pair;
  for (const Route& route : {Route{"one"}, Route{""}, Route{"client", ""},
                             Route{"a", "b", "", std::string("\0\xFF", 2)}, Route(63, "hop")}) {
    CAPTURE(route.size());
    pair.connected.send(route, msg01("question"));
    const Dealer::Routed question = pair.bound.recv();
    CHECK(question.route == route);
    pair.bound.send(question.route, msg01("answer"));
    const auto answer = pair.connected.recv(kLimit);
    REQUIRE(answer);
    CHECK(answer->route == route);
    CHECK(static_cast<const Msg01&>(*answer->body).field1() == "answer");
  }
}

TEST_CASE("every way to receive gives the message, with or without its route") {
  Pair pair;
  for (int i = 0; i < 6; ++i) pair.connected.send(Route{"route"}, msg02(i));
  CHECK(static_cast<const Msg02&>(*pair.bound.recv().body).field2() == 0);
  CHECK(static_cast<const Msg02&>(*pair.bound.recv(kLimit)->body).field2() == 1);
  CHECK(pair.bound.recv<Msg02>().field2() == 2);
  CHECK(pair.bound.recv<Msg02>(kLimit)->field2() == 3);
  Msg02 reused;
  pair.bound.recvInto(reused);
  CHECK(reused.field2() == 4);
  CHECK(pair.bound.recvInto(reused, kLimit));
  CHECK(reused.field2() == 5);
}

TEST_CASE("a dealer's time-outs are values, and wait leaves the message there") {
  Pair pair;
  Msg01 untouched = msg01("untouched");
  CHECK_FALSE(pair.bound.wait(kNow));
  CHECK_FALSE(pair.bound.recv(kNow).has_value());
  CHECK_FALSE(pair.bound.recv<Msg01>(kNow).has_value());
  CHECK_FALSE(pair.bound.recvInto(untouched, kNow));
  CHECK(untouched.field1() == "untouched");

  CHECK(pair.connected.send(Route{"route"}, msg01("there"), kLimit));
  CHECK(pair.bound.wait(kLimit));
  CHECK(pair.bound.wait(kNow));
  const auto message = pair.bound.recv(kNow);
  REQUIRE(message);
  CHECK(message->route == Route{"route"});
}

TEST_CASE("a bound dealer without a peer cannot hand a message on in time") {
  Dealer alone("tcp://*:*");
  CHECK_FALSE(alone.send(msg01("nobody"), kNow));
  CHECK_FALSE(alone.send(Route{"route"}, msg01("nobody"), kNow));
}

TEST_CASE("a dealer and a response exchange typed messages with an empty frame") {
  Response response("tcp://*:*");
  Dealer dealer(meeting(response));
  for (int i = 0; i < 5; ++i) dealer.sendWithEmptyFrame(msg02(i));  // no need to wait for each reply
  for (int i = 0; i < 5; ++i) {
    CHECK(response.recv<Msg02>().field2() == i);
    response.send(msg02(-i));
  }
  for (int i = 0; i < 5; ++i) {
    const Dealer::Routed answer = dealer.recv();
    CHECK(answer.route == Route{""});
    CHECK(static_cast<const Msg02&>(*answer.body).field2() == -i);
  }
}

TEST_CASE("frames in front of the empty one come back with a response's reply") {
  Response response("tcp://*:*");
  Dealer dealer(meeting(response));
  dealer.send(Route{"call 7", ""}, msg01("question"));
  CHECK(response.recv<Msg01>().field1() == "question");
  response.send(msg01("answer"));
  CHECK(dealer.recv().route == Route{"call 7", ""});
}

TEST_CASE("a dealer deals to several dealers in turn") {
  Dealer one("tcp://*:*"), other("tcp://*:*");
  Dealer dealer({meeting(one), meeting(other)});
  for (int i = 0; i < 6; ++i) dealer.send(msg02(i));
  for (int i = 0; i < 6; i += 2) {
    CHECK(one.recv<Msg02>().field2() == i);
    CHECK(other.recv<Msg02>().field2() == i + 1);
  }
}

TEST_CASE("packaged messages go from dealer to dealer") {
  Pair pair;
  outer::inner::Note note;
  note.set_text("packaged");
  pair.connected.send(Route{"r"}, note);
  const auto received = pair.bound.recv();
  REQUIRE(received.body->GetDescriptor() == outer::inner::Note::descriptor());
}

TEST_CASE("50 dealers reach 20 responses through a Proxy, with several typed requests under way each") {
  dividere::connection::Proxy proxy(0, 0);
  const int clients = 50, workers = 20, each = 10;
  std::vector<std::thread> threads;
  std::promise<void> ended;
  const auto allEnd = ended.get_future().share();
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([back = proxy.backPort(), allEnd] {
      Response response("tcp://localhost:" + std::to_string(back));
      for (Msg02 message; response.recvInto(message), message.field2() >= 0;) response.send(message);
      response.send(M());
      allEnd.wait();
    });
  }
  {
    std::vector<Dealer> dealers;
    for (int i = 0; i < clients; ++i) dealers.emplace_back("tcp://localhost:" + std::to_string(proxy.frontPort()));
    for (int call = 0; call < each; ++call) {
      for (int i = 0; i < clients; ++i) dealers[static_cast<std::size_t>(i)].sendWithEmptyFrame(msg02(i));
    }
    int wrong = 0;
    for (int i = 0; i < clients; ++i) {
      for (int call = 0; call < each; ++call) {
        if (dealers[static_cast<std::size_t>(i)].recv<Msg02>().field2() != i) ++wrong;
      }
    }
    CHECK(wrong == 0);
  }
  // One of these for each response: in turn, as none of them is gone before all have had theirs.
  Dealer last("tcp://localhost:" + std::to_string(proxy.frontPort()));
  for (int i = 0; i < workers; ++i) {
    last.sendWithEmptyFrame(msg02(-1));
    last.recv<M>();
  }
  ended.set_value();
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("what a dealer cannot take throws, says who received it, and the next message is fine") {
  Pair pair;
  pair.connected.connection().send("junk");
  pair.connected.connection().send(Route{"route"}, "");
  pair.connected.send(msg01("not asked for"));
  pair.connected.send(Route(70, "hop"), msg01("too many frames"));
  pair.connected.send(msg01("fine"));
  CHECK(contains(whatOf([&] { pair.bound.recv(); }), "messaging::Dealer"));
  CHECK(codeOf([&] { pair.bound.recv(kLimit); }) == Errc::malformed);
  CHECK(codeOf([&] { pair.bound.recv<Msg02>(); }) == Errc::wrongType);
  CHECK(codeOf([&] { pair.bound.recv(); }) == Errc::malformed);
  CHECK(pair.bound.recv<Msg01>().field1() == "fine");
}

TEST_CASE("an error that a peer replies with is thrown to a dealer that asks for a type") {
  Pair pair;
  DividereError error;
  error.set_code(2);
  error.set_text("the queue is full");
  pair.connected.send(Route{"route"}, error);
  pair.connected.send(Route{"route"}, error);
  CHECK(codeOf([&] { pair.bound.recv<Msg01>(); }) == Errc::overloaded);
  CHECK(contains(whatOf([&] { pair.bound.recv<Msg01>(kLimit); }), "the queue is full"));
}

TEST_CASE("an error knows the route of its message, so that it is known which request has failed") {
  Pair pair;
  DividereError error;
  error.set_code(2);
  pair.connected.send(Route{"first", ""}, error);
  pair.connected.send(Route{"second"}, error);
  pair.connected.send(Route{"third"}, msg01("not asked for"));
  pair.connected.connection().send(Route{"fourth"}, "junk");
  pair.connected.connection().send("junk");
  pair.connected.send(msg01("fine"));
  const auto routeThrownBy = [](const auto& receive) {
    try {
      receive();
    } catch (const Dealer::RoutedError& failed) {
      const Dealer::RoutedError copy = failed;
      return copy.route();
    }
    return Route{"nothing thrown"};
  };
  Msg01 reused;
  CHECK(routeThrownBy([&] { pair.bound.recv<Msg01>(); }) == Route{"first", ""});
  CHECK(routeThrownBy([&] { pair.bound.recvInto(reused, kLimit); }) == Route{"second"});
  CHECK(routeThrownBy([&] { pair.bound.recv<Msg02>(kLimit); }) == Route{"third"});
  CHECK(routeThrownBy([&] { pair.bound.recv(); }) == Route{"fourth"});
  CHECK(routeThrownBy([&] { pair.bound.recv(kLimit); }).empty());
  CHECK(pair.bound.recv<Msg01>().field1() == "fine");
}

TEST_CASE("what a dealer cannot send throws, and no frame of it leaves") {
  dividere::connection::SocketOptions options;
  options.maxMessageBytes = 1000;
  Dealer bound("tcp://*:*");
  Dealer dealer(meeting(bound), options);
  CHECK(codeOf([&] { dealer.send(Route{"route"}, Order()); }) == Errc::incomplete);
  CHECK(codeOf([&] { dealer.send(Route{"route"}, msg01(std::string(1001, 'x'))); }) == Errc::tooLarge);
  CHECK(codeOf([&] { dealer.send(Route{"route", std::string(1001, 'x')}, msg01("")); }) == Errc::tooLarge);
  CHECK(codeOf([&] { dealer.sendWithEmptyFrame(msg01(std::string(1001, 'x'))); }) == Errc::tooLarge);
  dealer.send(msg01("fits"));
  const auto message = bound.recv();
  CHECK(message.route.empty());
  CHECK(static_cast<const Msg01&>(*message.body).field1() == "fits");
  CHECK_FALSE(bound.wait(kNow));
}
