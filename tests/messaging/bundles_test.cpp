// Several messages of one type and topic that travel in one envelope are handed out, and counted, one by one.
#include <doctest/doctest.h>
#include <zmq.h>

#include <dividere.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "support/messages.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

using namespace support;
using namespace dividere::messaging;
using dividere::Errc;

namespace {

constexpr std::string_view kBundlesTopic =
    "\xFF"
    "dividere/bundles";

std::string payloadOf(int number) { return msg02("text", number).SerializeAsString(); }

std::string tail(std::uint64_t number, std::uint32_t publisher = 7) {
  std::string bytes = fields::ofVarint(100, number) + fields::tag(101, fields::kFixed32);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(publisher >> shift & 0xFF);
  return bytes;
}

std::string head(std::string_view type = "Msg02", std::string_view topic = {}) {
  return fields::ofBytes(1, type) + (topic.empty() ? "" : fields::ofBytes(107, topic));
}

std::string msgOf(int number) {
  return fields::ofBytes(2, fields::any("type.googleapis.com/Msg02", payloadOf(number)));
}

/// The messages from `first` to `last`, which are their numbers, too.
std::string bundled(int first, int last) {
  std::string bytes;
  for (int number = first; number <= last; ++number) bytes += fields::ofBytes(111, payloadOf(number));
  return bytes;
}

std::string bundle(int first, int last, std::string_view topic = {}) {
  return head("Msg02", topic) + bundled(first, last) + tail(static_cast<std::uint64_t>(first));
}

/// The same with the first message as it stands alone.
std::string bundleBehindMsg(int first, int last) {
  return head() + msgOf(first) + bundled(first + 1, last) + tail(static_cast<std::uint64_t>(first));
}

std::string plain(int number, std::string_view topic = {}) {
  return head("Msg02", topic) + msgOf(number) + tail(static_cast<std::uint64_t>(number));
}

/// A publisher by hand, and who listens to it.
struct Line {
  explicit Line(const SubscriberOptions& options = {}, const std::vector<std::string>& types = {},
                const Topic& topic = {})
      : subscriber(meeting(publisher), types, topic, options) {
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
  }

  void expect(int first, int last) {
    for (int number = first; number <= last; ++number) CHECK(subscriber.recv<Msg02>(kLimit).value().field2() == number);
  }

  dividere::connection::Publisher publisher{"tcp://*:*"};
  Subscriber subscriber;
};

}  // namespace

TEST_CASE("a bundle's messages are received one by one, in their order, each with its number") {
  Line line;
  line.publisher.send(plain(1));
  line.publisher.send(bundle(2, 5));
  line.publisher.send(bundleBehindMsg(6, 9));
  line.publisher.send(plain(10));
  line.expect(1, 10);
  CHECK(line.subscriber.received() == 10);
  CHECK(line.subscriber.missed() == 0);
  CHECK_FALSE(line.subscriber.wait(kNow));
}

TEST_CASE("what is missing before a bundle is missed, and it may be all of another one") {
  std::vector<Missed> gaps;
  SubscriberOptions options;
  options.onMissed = [&gaps](const Missed& missed) { gaps.push_back(missed); };
  Line line(options);
  line.publisher.send(bundle(1, 3));
  line.publisher.send(bundle(8, 9));
  line.publisher.send(plain(11));
  line.expect(1, 3);
  line.expect(8, 9);
  line.expect(11, 11);
  CHECK(line.subscriber.received() == 6);
  CHECK(line.subscriber.missed() == 5);
  REQUIRE(gaps.size() == 2);
  CHECK(gaps[0].count == 4);
  CHECK(gaps[0].type == "Msg02");
}

TEST_CASE("statistics count messages, not bundles") {
  Line line;
  line.publisher.send(bundle(1, 20));
  line.expect(1, 20);
  for (const dividere::Statistics& each : dividere::statistics()) {
    if (each.kind == "subscriber") CHECK(each.messagesIn == 20);
  }
}

TEST_CASE("bytes come one message at a time, too, and so does whoever only waits") {
  Line line;
  line.publisher.send(bundle(1, 3));
  REQUIRE(line.subscriber.wait(kLimit));
  for (int number = 1; number <= 3; ++number) {
    CHECK(line.subscriber.wait(kNow));
    CHECK(line.subscriber.connection().recv() == plain(number));
  }
  CHECK_FALSE(line.subscriber.wait(kNow));
}

TEST_CASE("a bundle has a topic, by which it is taken or left") {
  Line line({}, {}, topic("a"));
  line.publisher.send(bundle(1, 3, "b"));
  line.publisher.send(bundle(1, 2, "a"));
  line.expect(1, 2);
  CHECK(line.subscriber.topic() == topic("a"));
  CHECK(line.subscriber.received() == 2);
}

TEST_CASE("of a bundle whoever wants the newest gets the last message, and the others are skipped") {
  SubscriberOptions options;
  options.latest = true;
  Line line(options);
  line.publisher.send(bundle(1, 5));
  line.publisher.send(bundle(8, 10));
  int last = 0;
  while (last != 10) last = line.subscriber.recv<Msg02>(kLimit).value().field2();
  CHECK(line.subscriber.received() + line.subscriber.skipped() == 8);
  CHECK(line.subscriber.missed() == 2);
}

TEST_CASE("one message of a bundle that cannot be read costs nobody the others") {
  Line line;
  line.publisher.send(head() + bundled(1, 1) + fields::ofBytes(111, "\xFF") + bundled(3, 3) + tail(1));
  line.expect(1, 1);
  CHECK(codeOf([&] { line.subscriber.recv(kLimit); }) == Errc::malformed);
  line.expect(3, 3);
  CHECK(line.subscriber.received() == 3);
}

TEST_CASE("a bundle that is malformed is refused as a whole, and what follows is received") {
  const std::string cut = fields::tag(111, fields::kBytes) + fields::varint(100) + "short";
  std::string many;
  for (int i = 0; i < 10001; ++i) many += fields::ofBytes(111, "");
  const std::vector<std::string> malformed{
      head() + cut,
      head() + msgOf(1) + cut,
      head() + bundled(1, 2),                       // without a number
      head() + msgOf(1) + bundled(2, 3) + tail(0),  // of which there is no 0
      head() + bundled(1, 2) + tail(UINT64_MAX),
      head() + bundled(1, 2) + tail(1) + bundled(3, 3),  // not in a row
      head() + many + tail(1),
      head() + msgOf(1) + many + tail(1),
      head("Msg02", std::string(4000, 'x')) + bundled(1, 2) + tail(1),
      fields::ofBytes(1, "") + bundled(1, 2) + tail(1),
  };
  SubscriberOptions latest;
  latest.latest = true;
  for (const SubscriberOptions& options : {SubscriberOptions(), latest}) {
    Line line(options);
    int number = 0;
    for (const std::string& each : malformed) {
      CAPTURE(each.substr(0, 60));
      line.publisher.send(each);
      CHECK(codeOf([&] { line.subscriber.recv(kLimit); }) == Errc::malformed);
      line.publisher.send(plain(++number));
      line.expect(number, number);
    }
    CHECK(line.subscriber.missed() == 0);
  }
}

TEST_CASE("a bundle from a publisher that keeps messages, which sends none, is put in its place") {
  SubscriberOptions options;
  options.recover = true;
  Line line(options);
  const std::string kept = fields::ofVarint(115, 2);
  line.publisher.send(plain(3) + kept);  // 1 and 2 are lacking
  line.publisher.send(bundle(4, 6));     // no more comes of what is lacking
  line.expect(3, 6);
  CHECK(line.subscriber.received() == 4);
}

TEST_CASE("a Subscriber says that it takes bundles; one whose native socket is borrowed takes it back") {
  RawSocket publisher(ZMQ_XPUB);
  publisher.set(ZMQ_XPUB_VERBOSER, 1);
  const std::string endpoint = publisher.bind();
  Subscriber subscriber(endpoint);
  const auto awaitNews = [&](const std::string& news) {
    while (publisher.recv().value() != Frames{news}) {
    }
  };
  awaitNews(std::string(1, '\1') + std::string(kBundlesTopic));
  subscriber.native();
  awaitNews(std::string(1, '\0') + std::string(kBundlesTopic));
}
