// Waits for typed messages that are ended by an Interrupt.
#include <doctest/doctest.h>

#include <chrono>
#include <dividere.hpp>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/limit.hpp"
#include "support/messages.hpp"

using namespace dividere::messaging;
using namespace support;

namespace {

constexpr auto kForEver = std::chrono::milliseconds::max();

/// Each way to wait for a typed message.
template <class Socket>
void checkThatWaitsEnd(Socket& socket, const dividere::Interrupt& raised) {
  CHECK_FALSE(socket.recv(kForEver, raised));
  CHECK_FALSE(socket.template recv<Msg01>(kForEver, raised));
  Msg01 untouched;
  CHECK_FALSE(socket.recvInto(untouched, kForEver, raised));
  CHECK_FALSE(socket.wait(kForEver, raised));
}

}  // namespace

TEST_CASE("once an interrupt is raised, typed waits end as at their time-out") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher));
  Response response("tcp://*:*");
  Request request(meeting(response));
  Dealer dealer("tcp://*:*");
  request.send(Msg01());
  REQUIRE(response.recv<Msg01>(kLimit));
  response.send(Msg01());
  REQUIRE(request.recv<Msg01>(kLimit));
  request.send(Msg01());
  REQUIRE(response.recv<Msg01>(kLimit));

  dividere::Interrupt interrupt;
  interrupt.raise();
  checkThatWaitsEnd(subscriber, interrupt);
  checkThatWaitsEnd(request, interrupt);
  checkThatWaitsEnd(dealer, interrupt);
  response.send(Msg01());
  checkThatWaitsEnd(response, interrupt);
  CHECK_FALSE(publisher.waitForSubscribers(2, kForEver, interrupt));

  interrupt.reset();
  CHECK(request.recv<Msg01>(kLimit, interrupt));
  CHECK(publisher.waitForSubscribers(1, kLimit, interrupt));
}

TEST_CASE("an interrupt ends the wait of a typed send for room, and hinders none that finds it") {
  Response response("tcp://*:*");
  Request request(meeting(response));
  Dealer alone("tcp://*:*");
  dividere::Interrupt interrupt;
  interrupt.raise();
  CHECK_FALSE(alone.send(Msg01(), kForEver, interrupt));
  CHECK_FALSE(alone.send(dividere::connection::Route{"a"}, Msg01(), kForEver, interrupt));
  CHECK(request.send(Msg01(), kForEver, interrupt));
  REQUIRE(response.recv<Msg01>(kLimit));
  CHECK(response.send(Msg01(), kForEver, interrupt));
  CHECK(request.recv<Msg01>(kLimit));
}
