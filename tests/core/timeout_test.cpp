// What may be given where a time-out is wanted.
#include <doctest/doctest.h>
#include <unistd.h>
#include <dividere.hpp>

#include <chrono>
#include <limits>
#include <ratio>
#include <vector>

#include "dividere.pb.h"
#include "support/child.hpp"
#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/thrown.hpp"

using dividere::Timeout;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

milliseconds asMilliseconds(Timeout timeout) { return timeout; }

}  // namespace

TEST_CASE("a time-out may be of any unit, and is rounded up to milliseconds") {
  CHECK(asMilliseconds(1h) == 3600000ms);
  CHECK(asMilliseconds(7ms) == 7ms);
  CHECK(asMilliseconds(500us) == 1ms);
  CHECK(asMilliseconds(1ns) == 1ms);
  CHECK(asMilliseconds(2000001ns) == 3ms);
  CHECK(asMilliseconds(0.0025s) == 3ms);
  CHECK(asMilliseconds(std::chrono::duration<int, std::ratio<1, 3>>(1)) == 334ms);
  CHECK(asMilliseconds(std::chrono::duration<unsigned char>(2)) == 2000ms);
  static_assert(milliseconds(Timeout(1500us)) == 2ms);
}

TEST_CASE("a time-out of zero or less is none, one too long for milliseconds is the longest") {
  CHECK(asMilliseconds(0us) == 0ms);
  CHECK(asMilliseconds(-1ns) == 0ms);
  CHECK(asMilliseconds(std::chrono::hours::min()) == 0ms);
  CHECK(asMilliseconds(milliseconds::max()) == milliseconds::max());
  CHECK(asMilliseconds(std::chrono::hours::max()) == milliseconds::max());
  using Seconds = std::chrono::duration<double>;
  CHECK(asMilliseconds(Seconds(std::numeric_limits<double>::infinity())) == milliseconds::max());
  CHECK(asMilliseconds(Seconds(-std::numeric_limits<double>::infinity())) == 0ms);
}

TEST_CASE("sockets of both layers wait for less than a millisecond, and for fractions of a second") {
  using namespace dividere;
  connection::Publisher publisher("tcp://127.0.0.1:*");
  connection::Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, 30.0s));
  CHECK_FALSE(subscriber.recv(500us));
  CHECK_FALSE(subscriber.wait(1us));
  CHECK(publisher.send("text", 1ns));
  CHECK(subscriber.recv(support::kLimit) == "text");
  connection::Response response("tcp://127.0.0.1:*");
  connection::Request request(response.endpoint());
  connection::Dealer dealer(response.endpoint());
  CHECK_FALSE(response.recv(500us));
  CHECK_FALSE(request.wait(500us));
  CHECK_FALSE(dealer.recv(500us));
  messaging::Response typedResponse("tcp://127.0.0.1:*");
  messaging::Dealer typedDealer(typedResponse.endpoint());
  CHECK_FALSE(typedResponse.recv(500us));
  CHECK_FALSE(typedDealer.wait(500us));
}

TEST_CASE("so does whoever waits for worker processes" * doctest::skip(!support::kCanForkAmidAllocations)) {
  dividere::reactor::MpMsgReactor workers(1, [](dividere::reactor::MtMsgReactor&) {
    for (;;) ::pause();  // it is never set up
  });
  CHECK_FALSE(workers.waitForWorkers(1, 500us));
}

TEST_CASE("so does whoever waits for workers, or for a broker's reply") {
  dividere::balancing::Broker broker(0, 0);
  CHECK_FALSE(broker.waitForWorkers(1, 500us));
  dividere::balancing::Client client(support::local(broker.frontPort()));
  auto call = client.start<ack>(ack(), 30.5s);
  CHECK_FALSE(call.wait(500us));
}

TEST_CASE("so does whoever waits for a registry, or for a service") {
  using namespace dividere;
  const connection::Response silent("tcp://127.0.0.1:*");
  const std::vector<registry::Location> registries{{"127.0.0.1", silent.port()}};
  registry::Client names(registries);
  const auto codeOf = [](auto&& function) { return support::codeOf(function); };
  CHECK(codeOf([&] { names.registerService("name", 1, 500us); }) == Errc::noRegistry);
  CHECK(codeOf([&] { names.unregisterService("name", 1, 500us); }) == Errc::noRegistry);
  CHECK(codeOf([&] { names.lookupService("name", 0.0005s); }) == Errc::noRegistry);
  CHECK(codeOf([&] { names.instances("name", 500us); }) == Errc::noRegistry);
  registry::AnnouncementOptions announced;
  announced.registries = registries;
  CHECK_FALSE(registry::Announcement("name", 1, "broker", announced).wait(500us));

  service::ServiceOptions served;
  served.registries = registries;
  service::Service service("name", served);
  CHECK_FALSE(service.start(500us));
  service::ClientOptions asked;
  asked.registries = registries;
  service::Client client("name", asked);
  CHECK(codeOf([&] { client.call<ack>(ack(), 500us); }) == Errc::noRegistry);
  CHECK(codeOf([&] { client.callAll<ack>(ack(), 500us); }) == Errc::noRegistry);
}
