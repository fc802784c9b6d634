// What may be given where a time-out is wanted.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <chrono>
#include <limits>
#include <ratio>

#include "support/limit.hpp"

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
