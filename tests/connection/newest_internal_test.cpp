// A Subscriber of the newest messages, whose socket the drainer uses, too.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>

#include "dividere/connection/detail/access.hpp"
#include "dividere/connection/detail/destinations.hpp"
#include "dividere/connection/detail/newest.hpp"
#include "support/held_log.hpp"
#include "support/limit.hpp"

using namespace dividere::detail;

namespace {

/// Every message is its own series.
class AnyMessage final : public Intake {
  bool takes(Multipart&) override { return true; }
  const Frame& takeHeld() override { return none_; }
  void onDue() override {}
  bool unwrap(Multipart&) override { return false; }
  bool notes(std::string_view message, std::string_view& series) override {
    series = message;
    return true;
  }
  void skips(std::size_t) override {}
  void hands(std::string_view) override {}

  Frame none_;
};

}  // namespace

TEST_CASE("what the drainer finds wrong with an endpoint is logged while its subscriber may be used") {
  support::HeldLog log("it has no port");
  const auto destinations = std::make_shared<Destinations>();
  auto subscriber = Access::makeSubscriber("name", {""}, {}, {}, destinations);
  Access::setIntake(subscriber, std::make_unique<AnyMessage>());
  Access::keepNewest(subscriber);
  Newest* const newest = Access::newestOf(subscriber);
  REQUIRE(newest);
  REQUIRE(newest->isDrained());
  destinations->add("tcp://nowhere", {});
  REQUIRE(log.wait("it has no port"));
  auto use = std::async(std::launch::async, [&] { subscriber.wait(std::chrono::milliseconds(0)); });
  CHECK(use.wait_for(support::kLimit) == std::future_status::ready);
  log.release();
  use.wait();
}
