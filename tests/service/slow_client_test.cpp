// Replies to clients that read slowly: kept for them, in order and within bounds.

#include <doctest/doctest.h>

#include <dividere.hpp>
#include <memory>
#include <string>

#include "caller.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"

using caller::alone;
using caller::RawCaller;
using dividere::service::Service;
using dividere::service::ServiceOptions;
using support::eventually;
using support::RawSocket;

namespace {

/// A service whose socket holds few messages for each client.
ServiceOptions narrow(const std::string& name, int threads = 1) {
  ServiceOptions options = alone(threads);
  options.socket.sendQueue = 2;
  options.socket.kernelSendBuffer = 4096;
  options.socket.name = name;
  return options;
}

/// Asks so many times, and reads nothing meanwhile.
std::unique_ptr<RawSocket> askUnread(const Service& service, int times) {
  auto client = std::make_unique<RawSocket>(ZMQ_DEALER);
  client->set(ZMQ_RCVHWM, 1);
  client->set(ZMQ_RCVBUF, 4096);
  client->connect(support::local(service.port()));
  for (int i = 0; i < times; ++i) {
    client->send({std::to_string(i), caller::envelopeOf(stage::msg01(std::to_string(i)))});
  }
  return client;
}

bool hasHandled(const Service& service, std::uint64_t requests) {
  return eventually([&] { return service.handlerStats().handled >= requests; });
}

std::uint64_t droppedOf(const std::string& name) {
  std::uint64_t dropped = 0;
  for (const auto& each : dividere::statistics()) {
    if (each.name == name) dropped += each.dropped;
  }
  return dropped;
}

}  // namespace

TEST_CASE("a client that reads slowly gets each of its replies, in order, and keeps none from others") {
  constexpr int kRequests = 300;
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    const std::string name = "slowly read " + std::to_string(threads);
    Service service("name", narrow(name, threads));
    service.on([](const Msg01& request) {
      auto reply = request;
      reply.mutable_field1()->resize(8000, ' ');
      return reply;
    });
    service.start(std::chrono::milliseconds(0));
    const auto slow = askUnread(service, kRequests);
    REQUIRE(hasHandled(service, kRequests));
    RawCaller other(service);
    other.ask("other", stage::msg01("x"));
    CHECK(other.reply<Msg01>("other"));
    for (int i = 0; i < kRequests; ++i) {
      const auto reply = slow->recv();
      REQUIRE(reply);
      REQUIRE(reply->size() == 2);
      if (threads == 1) CHECK(reply->front() == std::to_string(i));
      CHECK(reply->back().size() > 8000);
    }
    CHECK(droppedOf(name) == 0);
  }
}

TEST_CASE("replies beyond what is kept for slow clients are dropped, counted and logged") {
  constexpr int kRequests = 100;
  const support::LogCapture log;
  Service service("name", narrow("not read"));
  service.on([](const Msg01& request) {
    auto reply = request;
    reply.mutable_field1()->resize(1 << 20, ' ');
    return reply;
  });
  service.start(std::chrono::milliseconds(0));
  const auto slow = askUnread(service, kRequests);
  REQUIRE(hasHandled(service, kRequests));
  const std::uint64_t dropped = droppedOf("not read");
  CHECK(dropped > 0);
  CHECK(dropped < kRequests / 2);
  // One that is dropped leaves a hole: there may be room again for the next.
  int last = -1;
  for (std::uint64_t i = 0; i < kRequests - dropped; ++i) {
    const auto reply = slow->recv();
    REQUIRE(reply);
    const int number = std::stoi(reply->front());
    CHECK(number > last);
    last = number;
  }
  CHECK(droppedOf("not read") == dropped);
  CHECK(log.wait("a reply was dropped: its client takes none"));
}
