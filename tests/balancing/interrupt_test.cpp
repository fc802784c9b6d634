// Waits for workers, and for their replies, that are ended by an Interrupt.
#include <future>

#include "kit.hpp"

using namespace kit;
using dividere::Interrupt;

namespace {

/// A client by its policy alone, which waits for very long.
RetryPolicy veryPatient() {
  RetryPolicy policy;
  policy.maxRetries = 0;
  policy.timeout = std::chrono::hours(24);
  return policy;
}

template <class Wait>
bool isMetThough(Interrupt& interrupt, const Wait& wait) {
  auto met = std::async(std::launch::async, wait);
  interrupt.raise();
  return met.get();
}

}  // namespace

TEST_CASE("each wait of a client for a reply ends with nothing once its interrupt is raised") {
  Broker broker(0, 0);
  Client client(support::local(broker.frontPort()), veryPatient());
  Interrupt calls, bytes, receives;
  CHECK_FALSE(isMetThough(calls, [&] { return client.call<Msg01>(msg01(""), calls).has_value(); }));
  CHECK_FALSE(isMetThough(bytes, [&] { return client.callBytes("bytes", bytes).has_value(); }));
  client.send(msg01(""));
  CHECK_FALSE(isMetThough(receives, [&] { return client.recv(receives) != nullptr; }));
  CHECK(codeOf([&] { client.recv(receives); }) == Errc::outOfTurn);  // it is given up
}

TEST_CASE("an interrupt that is not raised keeps nobody from a reply, and the next call is its own") {
  Broker broker(0, 0);
  Worker worker(support::local(broker.backPort()));
  worker.on([](const Msg01& message) { return message; });
  worker.start();
  Client client(support::local(broker.frontPort()), veryPatient());
  Interrupt interrupt;
  CHECK(client.call<Msg01>(msg01("one"), interrupt)->field1() == "one");
  interrupt.raise();
  client.call<Msg01>(msg01("two"), interrupt);
  interrupt.reset();
  client.send(msg01("three"));
  const auto reply = client.recv(interrupt);
  REQUIRE(reply);
  CHECK(dynamic_cast<const Msg01&>(*reply).field1() == "three");
}

TEST_CASE("an interrupt ends the wait of a broker for workers") {
  Broker broker(0, 0);
  Interrupt interrupt;
  CHECK_FALSE(
      isMetThough(interrupt, [&] { return broker.waitForWorkers(1, std::chrono::milliseconds::max(), interrupt); }));
  CHECK_FALSE(broker.waitForWorkers(1, std::chrono::milliseconds(1)));
  CHECK(broker.waitForWorkers(0, std::chrono::milliseconds::max(), interrupt));
}
