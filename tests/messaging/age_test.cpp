// How old a received message is, where its publisher says when it was sent.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <dividere.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/messages.hpp"

using namespace support;
using namespace dividere::messaging;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

std::int64_t nowNs() {
  return std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string fixed(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

std::string stamp(std::int64_t sentNs) {
  return fields::tag(102, fields::kFixed64) + fixed(static_cast<std::uint64_t>(sentNs), 8);
}

/// A Msg01 of a publisher, with this behind it.
std::string published(std::uint64_t number, const std::string& behind) {
  return fields::envelope("Msg01", "type.googleapis.com/Msg01", "") + fields::ofVarint(100, number) +
         fields::tag(101, fields::kFixed32) + "1234" + behind;
}

PublisherOptions stamping() {
  PublisherOptions options;
  options.stamp = true;
  return options;
}

}  // namespace

TEST_CASE("a stamped message has an age, which grows; one that is not stamped has none") {
  Publisher stamped("tcp://127.0.0.1:*", stamping()), plain("tcp://127.0.0.1:*");
  Subscriber subscriber(stamped.endpoint()), other(plain.endpoint());
  REQUIRE(stamped.waitForSubscribers(1, kLimit));
  REQUIRE(plain.waitForSubscribers(1, kLimit));
  CHECK_FALSE(subscriber.age());

  const std::int64_t before = nowNs();
  stamped.send(msg02(1), topic("plant"));
  plain.send(msg02(1));
  CHECK(subscriber.recv<Msg02>().field2() == 1);
  CHECK(subscriber.topic() == topic("plant"));
  const auto age = subscriber.age();
  REQUIRE(age);
  CHECK(*age >= nanoseconds(0));
  CHECK(*age <= nanoseconds(nowNs() - before));
  CHECK(*subscriber.age() >= *age);

  CHECK(other.recv<Msg02>().field2() == 1);
  CHECK_FALSE(other.age());
}

TEST_CASE("a publisher that does not stamp does so while somebody looks how old its messages are") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto isStamped = [&] {
    publisher.subscribers();  // so that it reads its news now
    publisher.send(msg02(1));
    subscriber.recv<Msg02>();
    return subscriber.age().has_value();
  };
  CHECK_FALSE(isStamped());
  auto looks = std::make_unique<dividere::connection::Subscriber>(publisher.endpoint(),
                                                                  "\xFF"
                                                                  "dividere/delay");
  CHECK(eventually(isStamped));
  looks.reset();
  CHECK(eventually([&] { return !isStamped(); }));
}

TEST_CASE("a stamp is read wherever it stands, and only as it should be") {
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto ageOf = [&](const std::string& envelope) {
    publisher.send(envelope);
    REQUIRE(subscriber.recv<Msg01>(kLimit));
    return subscriber.age();
  };
  const std::int64_t hourAgo = nowNs() - nanoseconds(std::chrono::hours(1)).count();
  const auto isHour = [](std::optional<nanoseconds> age) {
    return age && *age >= std::chrono::hours(1) && *age < std::chrono::hours(2);
  };
  CHECK(isHour(ageOf(published(1, stamp(hourAgo)))));
  CHECK_FALSE(ageOf(published(2, "")));
  CHECK(isHour(ageOf(published(3, stamp(hourAgo) + fields::ofVarint(115, 7)))));
  CHECK(isHour(ageOf(published(4, fields::ofVarint(115, 7) + stamp(hourAgo)))));
  CHECK_FALSE(ageOf(published(5, fields::ofVarint(102, 7))));
  CHECK(subscriber.received() == 5);
  CHECK(subscriber.missed() == 0);
}

TEST_CASE("a stamp of any number does no harm") {
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  std::uint64_t number = 0;
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t sentNs : {Limits::min(), Limits::max(), std::int64_t{-1}, Limits::min()}) {
    publisher.send(published(++number, stamp(sentNs)));
    REQUIRE(subscriber.recv<Msg01>(kLimit));
    CHECK((*subscriber.age() < nanoseconds(0)) == (sentNs == Limits::max()));
  }
}

TEST_CASE("a subscriber that falls behind is warned about once, until it has caught up") {
  LogCapture log;
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  std::uint64_t number = 0;
  const auto receiveOfAge = [&](seconds age) {
    publisher.send(published(++number, stamp(nowNs() - nanoseconds(age).count())));
    REQUIRE(subscriber.recv<Msg01>(kLimit));
  };
  const auto warnings = [&] { return log.lines("is read too slowly (see SubscriberOptions::latest)").size(); };
  receiveOfAge(seconds(3600));  // by another clock
  CHECK(warnings() == 0);
  for (int i = 0; i < 5; ++i) receiveOfAge(seconds(3605 + i));
  CHECK(warnings() == 1);
}

TEST_CASE("an age has no effect where the newest messages alone are read, but can be asked for") {
  Publisher publisher("tcp://127.0.0.1:*", stamping());
  SubscriberOptions options;
  options.latest = true;
  Subscriber subscriber(publisher.endpoint(), {}, options);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(1));
  REQUIRE(subscriber.recv<Msg02>(kLimit));
  CHECK(subscriber.age());
}
