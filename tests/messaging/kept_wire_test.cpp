// What a publisher that keeps and a subscriber say to each other, byte by byte: the other end is played by hand.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "support/eventually.hpp"
#include "support/messages.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using namespace dividere::messaging;

namespace {

const std::string kAddress("\xEA\x06\x10", 3),
    kIdPrefix(
        "\xFF"
        "dividere/id/"),
    kAskPrefix(
        "\xFF"
        "dividere/again/");
const std::string kSeries(
    "\x0A\x05"
    "Msg02");

/// A publisher of Msg02 with one subscriber.
class Played {
 public:
  Played() { endpoint_ = socket_.bind(); }
  const std::string& endpoint() const { return endpoint_; }

  /// Until a subscriber is there.
  void awaitSubscriber() {
    std::string topic;
    do {
      topic = nextTopic('\1', [] {});
    } while (topic.compare(0, kIdPrefix.size(), kIdPrefix) != 0);
    id_ = topic.substr(kIdPrefix.size());
  }

  void publish(std::uint64_t number, std::uint64_t kept = 0) { socket_.send({envelope(number, kept)}); }
  void resend(std::uint64_t number) { socket_.send({kAddress + id_, envelope(number, 0)}); }

  void note(std::uint64_t ask, std::uint64_t first, std::uint64_t last, std::uint64_t count = 0) {
    KeptNote note;
    note.set_publisher(kPublisher);
    note.set_ask(ask);
    if (last > 0) {
      KeptRange& range = *note.add_ranges();
      range.set_series(kSeries);
      range.set_first(first);
      range.set_last(last);
      range.set_count(count);
    }
    noteOf(note.SerializeAsString());
  }
  void noteOf(const std::string& bytes) { socket_.send({kAddress + id_ + fields::ofBytes(116, bytes)}); }

  /// The next ask, which is taken back or not. Calls `work` while there is none.
  template <class Work>
  KeptAsk nextAsk(const Work& work, char sign = '\1') {
    std::string topic;
    do {
      topic = nextTopic(sign, work);
    } while (topic.compare(0, kAskPrefix.size(), kAskPrefix) != 0);
    KeptAsk ask;
    REQUIRE(ask.ParseFromString(topic.substr(kAskPrefix.size())));
    CHECK(ask.id() == id_);
    CHECK(ask.publisher() == kPublisher);
    return ask;
  }

  static constexpr std::uint32_t kPublisher = 0x34333231;

 private:
  static std::string envelope(std::uint64_t number, std::uint64_t kept) {
    return fields::envelope("Msg02", "type.googleapis.com/Msg02", msg02(static_cast<int>(number)).SerializeAsString()) +
           fields::ofVarint(100, number) + fields::tag(101, fields::kFixed32) + "1234" +
           (kept > 0 ? fields::ofVarint(115, kept) : std::string());
  }

  template <class Work>
  std::string nextTopic(char sign, const Work& work) {
    std::optional<Frames> news;
    const bool isThere = eventually([&] {
      work();
      news = socket_.recv(std::chrono::milliseconds(5));
      return news && news->front().front() == sign;
    });
    if (!isThere) throw std::runtime_error("nothing is asked");
    return news->front().substr(1);
  }

  RawSocket socket_{ZMQ_XPUB};
  std::string endpoint_, id_;
};

/// A subscriber whose calls move what the played publisher waits for.
struct Scene {
  explicit Scene(bool recover = false) {
    options.recover = recover;
    subscriber = std::make_unique<Subscriber>(played.endpoint(), types<Msg02>(), options);
    played.awaitSubscriber();
  }
  int next() {
    const auto message = subscriber->recv<Msg02>(kLimit);
    return message ? message->field2() : 0;
  }
  KeptAsk nextAsk(char sign = '\1') {
    return played.nextAsk([this] { CHECK_FALSE(subscriber->wait(kNow)); }, sign);
  }
  bool hasNone() { return !subscriber->wait(kShort); }

  Played played;
  SubscriberOptions options;
  std::unique_ptr<Subscriber> subscriber;
};

}  // namespace

TEST_CASE("a newer message waits for those that are kept, and one that has come is dropped when it comes again") {
  Scene scene;
  scene.played.publish(7, 3);
  const KeptAsk ask = scene.nextAsk();
  REQUIRE(ask.ranges_size() == 1);
  CHECK(ask.ranges(0).series() == kSeries);
  CHECK(ask.ranges(0).first() == 4);
  CHECK(ask.ranges(0).last() == 6);
  scene.played.publish(8, 3);
  for (const std::uint64_t number : {4U, 5U, 5U, 6U}) scene.played.resend(number);
  scene.played.publish(7, 3);
  scene.played.note(ask.number(), 4, 6, 3);
  scene.played.publish(9, 3);
  for (int number = 4; number <= 9; ++number) CHECK(scene.next() == number);
  CHECK(scene.hasNone());
  CHECK(scene.subscriber->received() == 6);
  CHECK(scene.subscriber->missed() == 0);
  CHECK(scene.nextAsk('\0').number() == ask.number());
}

TEST_CASE("what was lost on its way is asked for again, what is gone for good is not") {
  Scene scene(true);
  scene.played.publish(1);
  scene.played.publish(10, 9);
  CHECK(scene.next() == 1);
  const KeptAsk first = scene.nextAsk();
  CHECK(first.ranges(0).first() == 2);
  CHECK(first.ranges(0).last() == 9);
  scene.played.resend(5);
  scene.played.resend(7);
  scene.played.note(first.number(), 2, 7, 3);  // 6 was sent and did not come
  const KeptAsk second = scene.nextAsk();
  CHECK(second.number() > first.number());
  CHECK(second.ranges(0).first() == 2);
  CHECK(second.ranges(0).last() == 4);  // up to what is held
  scene.played.note(second.number(), 2, 4, 0);
  CHECK(scene.next() == 5);
  CHECK(scene.subscriber->missed() == 3);
  const KeptAsk third = scene.nextAsk();
  CHECK(third.ranges(0).first() == 6);
  CHECK(third.ranges(0).last() == 6);
  scene.played.resend(6);
  scene.played.note(third.number(), 6, 6, 1);
  CHECK(scene.next() == 6);
  CHECK(scene.next() == 7);
  const KeptAsk fourth = scene.nextAsk();
  CHECK(fourth.ranges(0).first() == 8);
  scene.played.note(fourth.number(), 8, 9, 0);
  CHECK(scene.next() == 10);
  CHECK(scene.subscriber->missed() == 5);
}

TEST_CASE("a note tells of what was sent last, which counts though nothing newer comes") {
  Scene scene;
  scene.played.note(0, 11, 10);  // nothing of it is kept
  scene.played.publish(13);
  CHECK(scene.next() == 13);
  CHECK(scene.subscriber->missed() == 2);
  scene.played.note(0, 15, 16);
  const KeptAsk ask = scene.nextAsk();
  CHECK(ask.ranges(0).first() == 14);
  CHECK(ask.ranges(0).last() == 16);
  scene.played.resend(16);
  scene.played.note(ask.number(), 14, 16, 1);
  CHECK(scene.next() == 16);
  CHECK(scene.subscriber->missed() == 4);
}

TEST_CASE("nothing is waited for that the publisher can send no more") {
  Scene scene;
  scene.played.publish(7, 3);
  scene.nextAsk();
  scene.played.resend(4);
  scene.played.publish(8);
  for (const int number : {4, 7, 8}) CHECK(scene.next() == number);
  CHECK(scene.subscriber->missed() == 2);
}

TEST_CASE("a subscriber without recover does not ask for a gap") {
  Scene scene;
  scene.played.publish(1);
  scene.played.publish(5, 4);
  CHECK(scene.next() == 1);
  CHECK(scene.next() == 5);
  CHECK(scene.subscriber->missed() == 3);
}

TEST_CASE("nothing that a publisher makes up disturbs a subscriber") {
  Scene scene;
  scene.played.resend(3);                               // unasked
  scene.played.note(5, 1, 9, 9);                        // a reply to nothing
  scene.played.note(0, 1, UINT64_MAX);                  // too large to be true
  scene.played.noteOf("\xFF\xFF\xFF");                  // no message
  scene.played.noteOf(fields::ofBytes(3, "\x0A\xFF"));  // a range that is cut short
  scene.played.noteOf(fields::ofBytes(1, "no number"));
  scene.played.publish(UINT64_MAX, UINT64_MAX);
  CHECK(scene.next() == -1);
  KeptNote many;
  many.set_publisher(Played::kPublisher);
  for (int i = 0; i < 1000; ++i) {
    KeptRange& range = *many.add_ranges();
    range.set_series(fields::ofBytes(1, "Other" + std::to_string(i)));  // not subscribed to
    range.set_first(1);
    range.set_last(1000);
  }
  scene.played.noteOf(many.SerializeAsString());
  CHECK(scene.hasNone());
}

TEST_CASE("a publisher replies to asks for what it has, and nothing that is malformed or meant for another") {
  PublisherOptions options;
  options.keep = 3;
  Publisher publisher("tcp://*:*", options);
  for (int i = 1; i <= 5; ++i) publisher.send(msg02(i));
  RawSocket peer(ZMQ_SUB);
  const std::string id(16, 'i');
  peer.set(ZMQ_SUBSCRIBE, kAddress + id);
  peer.set(ZMQ_SUBSCRIBE, kSeries);
  peer.set(ZMQ_SUBSCRIBE, kIdPrefix + id);
  peer.connect(meeting(publisher));
  const auto noteIn = [&] {
    const auto frames = peer.recv();
    REQUIRE(frames);
    REQUIRE(frames->size() == 1);
    const std::size_t head = kAddress.size() + id.size() + 2;
    KeptNote note;
    REQUIRE(note.ParseFromString(frames->front().substr(head + 1)));  // behind a length of one byte
    return note;
  };
  const KeptNote told = noteIn();
  CHECK(told.ask() == 0);
  REQUIRE(told.ranges_size() == 1);
  CHECK(told.ranges(0).series() == kSeries);
  CHECK(told.ranges(0).first() == 3);
  CHECK(told.ranges(0).last() == 5);

  KeptAsk ask;
  ask.set_id(id);
  ask.set_publisher(told.publisher());
  ask.set_number(1);
  for (const std::string& series : {kSeries, std::string("\x0A\x05"
                                                         "Never")}) {
    KeptRange& range = *ask.add_ranges();
    range.set_series(series);
    range.set_first(1);
    range.set_last(UINT64_MAX);
  }
  const auto send = [&](const KeptAsk& asked) { peer.set(ZMQ_SUBSCRIBE, kAskPrefix + asked.SerializeAsString()); };
  peer.set(ZMQ_SUBSCRIBE, kAskPrefix + "\xFF\xFF");
  KeptAsk other = ask;
  other.set_publisher(told.publisher() + 1);
  send(other);
  other = ask;
  other.set_id("short");
  send(other);
  send(ask);
  for (int number = 3; number <= 5; ++number) {
    const auto frames = peer.recv();
    REQUIRE(frames);
    REQUIRE(frames->size() == 2);
    CHECK(frames->front() == kAddress + id);
    CHECK(dynamic_cast<Msg02&>(*ProtoBuffDecoder().decode(frames->back())).field2() == number);
  }
  const KeptNote reply = noteIn();
  CHECK(reply.ask() == 1);
  REQUIRE(reply.ranges_size() == 2);
  CHECK(reply.ranges(0).count() == 3);
  CHECK(reply.ranges(1).count() == 0);
  CHECK_FALSE(peer.recv(kShort));
}
