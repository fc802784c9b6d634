#include <doctest/doctest.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <dividere.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "names.hpp"
#include "packaged.pb.h"
#include "required.pb.h"
#include "support/log_capture.hpp"
#include "support/messages.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::messaging::Publisher;
using dividere::messaging::Subscriber;
using dividere::messaging::types;
using google::protobuf::Message;

namespace {

/// One of every kind of name: 1, 5, 8, 14, 127, 128 and 300 bytes, with packages, some the beginning of others.
std::vector<std::unique_ptr<Message>> oneOfEachName() {
  std::vector<std::unique_ptr<Message>> all;
  all.push_back(std::make_unique<M>());
  all.push_back(std::make_unique<Msg01>());
  all.push_back(std::make_unique<Msg02>());
  all.push_back(std::make_unique<Exactly8>());
  all.push_back(std::make_unique<Exactly8AndMore>());
  all.push_back(std::make_unique<Name127>());
  all.push_back(std::make_unique<Name128>());
  all.push_back(std::make_unique<Name300>());
  all.push_back(std::make_unique<Note>());
  all.push_back(std::make_unique<outer::inner::Note>());
  all.push_back(std::make_unique<outer::inner::Station::Reading>());
  return all;
}

std::string nameOf(const Message& message) { return std::string(message.GetDescriptor()->full_name()); }

/// A publisher and a subscriber of all types that have found each other.
struct Pair {
  Publisher publisher{"tcp://*:*"};
  Subscriber subscriber{meeting(publisher)};
  Pair() { REQUIRE(publisher.waitForSubscribers(1, kLimit)); }
};

}  // namespace

TEST_CASE("a typed publisher counts those who come, and those who are there") {
  Publisher publisher("tcp://*:*");
  CHECK(publisher.arrivals() == 0);
  const Subscriber first(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const Subscriber second(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  CHECK(publisher.arrivals() == 2);
}

TEST_CASE("a typed message reaches a subscriber over tcp, ipc and inproc") {
  for (const std::string& endpoint : endpointsToBind()) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    Subscriber subscriber(meeting(publisher));
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send(msg01("abcd"));
    const auto message = subscriber.recv();
    REQUIRE(message->GetDescriptor() == Msg01::descriptor());
    CHECK(static_cast<const Msg01&>(*message).field1() == "abcd");
  }
}

TEST_CASE("messages of many types share a socket, and arrive in the order they were sent in") {
  Pair pair;
  const auto all = oneOfEachName();
  for (const auto& message : all) pair.publisher.send(*message);
  for (const auto& message : all) {
    const auto received = pair.subscriber.recv(kLimit);
    REQUIRE(received);
    CHECK(nameOf(*received) == nameOf(*message));
  }
  CHECK_FALSE(pair.subscriber.wait(kNow));
}

TEST_CASE("several subscribers receive the same message") {
  Publisher publisher("tcp://*:*");
  std::vector<Subscriber> subscribers;
  for (int i = 0; i < 5; ++i) subscribers.emplace_back(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(5, kLimit));
  CHECK(publisher.subscribers() == 5);
  publisher.send(msg02(7));
  for (Subscriber& subscriber : subscribers) CHECK(subscriber.recv<Msg02>().field2() == 7);
}

TEST_CASE("20 publishers on ports of their own each reach their subscriber") {
  for (int i = 0; i < 20; ++i) {
    Pair pair;
    pair.publisher.send(msg02(i));
    CHECK(pair.subscriber.recv<Msg02>().field2() == i);
  }
}

TEST_CASE("messages of 1 to 81,920 bytes and of 1 and 64 MiB arrive whole") {
  Pair pair;
  std::vector<std::size_t> sizes = {1 << 20, 64 << 20};
  for (std::size_t size = 1; size <= 81920; size *= 4) sizes.push_back(size);
  sizes.push_back(81920);
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const Msg01 message = msg01(std::string(size, 'x'));
    pair.publisher.send(message);
    REQUIRE(pair.subscriber.recv<Msg01>().field1() == message.field1());
  }
}

// --- The type filter ---

TEST_CASE("a subscriber to one type receives every message of it and none of another, whatever the names") {
  const auto all = oneOfEachName();
  for (const std::string& endpoint : {std::string("tcp://*:*"), endpointsToBind()[2]}) {
    Publisher publisher(endpoint);
    std::vector<Subscriber> subscribers;
    for (const auto& message : all)
      subscribers.emplace_back(meeting(publisher), std::vector<std::string>{nameOf(*message)});
    REQUIRE(publisher.waitForSubscribers(all.size(), kLimit));
    // Twice: what comes between the two of its own type would be too much, and so would what comes after.
    for (int round = 0; round < 2; ++round) {
      for (const auto& message : all) publisher.send(*message);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      CAPTURE(nameOf(*all[i]));
      for (int round = 0; round < 2; ++round) {
        const auto received = subscribers[i].recv(kLimit);
        REQUIRE(received);
        CHECK(nameOf(*received) == nameOf(*all[i]));
      }
      CHECK_FALSE(subscribers[i].wait(kNow));
    }
  }
}

TEST_CASE("a subscriber may ask for several types, by name or with types<>()") {
  Publisher publisher("tcp://*:*");
  Subscriber byTypes(meeting(publisher), types<Msg01, outer::inner::Note>());
  Subscriber byNames(meeting(publisher), {"Msg01", "outer.inner.Note"});
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  for (const auto& message : oneOfEachName()) publisher.send(*message);
  for (Subscriber* subscriber : {&byTypes, &byNames}) {
    CHECK(nameOf(*subscriber->recv()) == "Msg01");
    CHECK(nameOf(*subscriber->recv()) == "outer.inner.Note");
    CHECK_FALSE(subscriber->wait(kNow));
  }
}

TEST_CASE("a subscriber cannot ask for a name that no type can have") {
  Publisher publisher("tcp://*:*");
  for (const std::string& name :
       {std::string("pkg/Ping"), std::string("Ping "), std::string(), std::string(513, 'x')}) {
    CAPTURE(name);
    CHECK(codeOf([&] { Subscriber(meeting(publisher), {name}); }) == std::errc::invalid_argument);
    Subscriber subscriber(meeting(publisher));
    CHECK(codeOf([&] { subscriber.subscribe(name); }) == std::errc::invalid_argument);
    subscriber.unsubscribe(name);
  }
}

TEST_CASE("a publisher says so, once, when a subscriber asks for one of its types by a name that matches nothing") {
  const LogCapture log(dividere::LogLevel::warning);
  Publisher publisher("tcp://*:*");
  Subscriber shortName(meeting(publisher), {"Reading"}), otherCase(meeting(publisher), {"msg01"});
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  for (int i = 0; i < 2; ++i) {
    publisher.send(outer::inner::Station::Reading());
    publisher.send(msg01("x"));
  }
  REQUIRE(log.lines("'Reading'").size() == 1);
  CHECK(contains(log.lines("'Reading'")[0].text, "'outer.inner.Station.Reading'"));
  CHECK(log.lines("'msg01'").size() == 1);

  Subscriber again(meeting(publisher), {"Reading"}), seen(meeting(publisher), {"READING"});
  REQUIRE(publisher.waitForSubscribers(4, kLimit));
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (log.lines("'READING'").empty() && std::chrono::steady_clock::now() < limit) publisher.send(msg01("x"));
  CHECK(log.lines("'READING'").size() == 1);
  CHECK(log.lines("'Reading'").size() == 1);
}

TEST_CASE("a subscriber that asks by a name that matches nothing is noticed though it comes later") {
  const LogCapture log(dividere::LogLevel::warning);
  Publisher publisher("tcp://*:*");
  publisher.send(outer::inner::Station::Reading());
  Subscriber subscriber(meeting(publisher), {"Station.Reading"});
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(outer::inner::Station::Reading());
  CHECK(
      log.wait("a subscriber asks for the type 'Station.Reading', which is not sent here: what is sent is called "
               "'outer.inner."));
}

TEST_CASE("no publisher complains of subscribers that ask for what there is, or for another's types too") {
  const LogCapture log(dividere::LogLevel::warning);
  Publisher publisher("tcp://*:*");
  Subscriber exact(meeting(publisher), types<outer::inner::Station::Reading, Msg01>());
  Subscriber both(meeting(publisher), {"Reading", "outer.inner.Station.Reading"});
  Subscriber linked(meeting(publisher), types<Note>()), other(meeting(publisher), {"Weather", "inner.Stati"});
  REQUIRE(publisher.waitForSubscribers(4, kLimit));
  publisher.send(outer::inner::Station::Reading());
  publisher.send(outer::inner::Note());
  publisher.send(msg01("x"));
  CHECK(log.lines("asks for").empty());
}

TEST_CASE("an empty list of types means all of them") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), types<>());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(M());
  CHECK(nameOf(*subscriber.recv()) == "M");
}

TEST_CASE("types may be added and removed later") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), types<Msg01>());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));

  subscriber.subscribe<Msg02>();
  subscriber.subscribe("outer.inner.Note");
  // Nothing tells when the publisher has read that: so send until the last of them comes through.
  std::unique_ptr<Message> first;
  for (int i = 0; i < 60000 && !first; ++i) {
    publisher.send(outer::inner::Note());
    first = subscriber.recv(std::chrono::milliseconds(1));
  }
  REQUIRE(first);

  publisher.send(M());
  publisher.send(msg02(2));
  publisher.send(msg01("1"));
  auto next = subscriber.recv(kLimit);
  while (next && nameOf(*next) == "outer.inner.Note") next = subscriber.recv(kLimit);
  REQUIRE(next);
  REQUIRE(nameOf(*next) == "Msg02");
  CHECK(static_cast<const Msg02&>(*next).field2() == 2);
  CHECK(subscriber.recv<Msg01>().field1() == "1");

  subscriber.unsubscribe<Msg01>();
  subscriber.unsubscribe("outer.inner.Note");
  subscriber.unsubscribe<Msg01>();  // not there any more: changes nothing
  publisher.send(msg01("gone"));
  publisher.send(outer::inner::Note());
  publisher.send(msg02(3));
  CHECK(subscriber.recv<Msg02>().field2() == 3);
  CHECK_FALSE(subscriber.wait(kNow));
}

// --- Receiving ---

TEST_CASE("receiving with a time-out gives nothing if nothing comes") {
  Pair pair;
  Msg01 untouched = msg01("untouched");
  CHECK_FALSE(pair.subscriber.wait(kNow));
  CHECK(pair.subscriber.recv(kNow) == nullptr);
  CHECK_FALSE(pair.subscriber.recv<Msg01>(std::chrono::milliseconds(1)).has_value());
  CHECK_FALSE(pair.subscriber.recvInto(untouched, kNow));
  CHECK(untouched.field1() == "untouched");
}

TEST_CASE("wait says that a message is there and leaves it there") {
  Pair pair;
  pair.publisher.send(msg01("abcd"));
  CHECK(pair.subscriber.wait(kLimit));
  CHECK(pair.subscriber.wait(kNow));
  CHECK(pair.subscriber.recv<Msg01>(kNow)->field1() == "abcd");
  CHECK_FALSE(pair.subscriber.wait(kNow));
}

TEST_CASE("every way to receive gives the message") {
  Pair pair;
  for (int i = 0; i < 6; ++i) pair.publisher.send(msg02(i));
  CHECK(static_cast<const Msg02&>(*pair.subscriber.recv()).field2() == 0);
  CHECK(static_cast<const Msg02&>(*pair.subscriber.recv(kLimit)).field2() == 1);
  CHECK(pair.subscriber.recv<Msg02>().field2() == 2);
  CHECK(pair.subscriber.recv<Msg02>(kLimit)->field2() == 3);
  Msg02 reused;
  pair.subscriber.recvInto(reused);
  CHECK(reused.field2() == 4);
  CHECK(pair.subscriber.recvInto(reused, kLimit));
  CHECK(reused.field2() == 5);
}

TEST_CASE("a message that is reused holds nothing of the one before") {
  Pair pair;
  Msg02 full = msg02(7);
  full.set_field1("text");
  pair.publisher.send(full);
  pair.publisher.send(Msg02());
  Msg02 reused;
  pair.subscriber.recvInto(reused);
  CHECK(reused.field1() == "text");
  pair.subscriber.recvInto(reused);
  CHECK(reused.ByteSizeLong() == 0);
}

TEST_CASE("asking for another type than the one that came throws wrongType, and the next message is fine") {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.publisher.send(msg01("not asked for"));
  pair.publisher.send(msg02(1));
  Msg02 message;
  CHECK(codeOf([&] { pair.subscriber.recv<Msg02>(); }) == Errc::wrongType);
  CHECK(codeOf([&] { pair.subscriber.recv<Msg02>(kLimit); }) == Errc::wrongType);
  CHECK(codeOf([&] { pair.subscriber.recvInto(message); }) == Errc::wrongType);
  CHECK(pair.subscriber.recv<Msg02>().field2() == 1);
}

TEST_CASE("a message that cannot be taken throws, says who received it, and the next one is fine") {
  Pair pair;
  pair.publisher.connection().send("\x0Ajunk");
  pair.publisher.connection().send("\x0A");
  pair.publisher.connection().send(Subscriber::topicId("Stranger") + std::string("\x12\x00", 2));
  pair.publisher.send(msg01("fine"));
  CHECK(codeOf([&] { pair.subscriber.recv(); }) == Errc::malformed);
  CHECK(contains(whatOf([&] { pair.subscriber.recv<Msg01>(); }), "messaging::Subscriber"));
  CHECK(codeOf([&] { pair.subscriber.recv(); }) == Errc::unknownType);
  CHECK(pair.subscriber.recv<Msg01>().field1() == "fine");
}

TEST_CASE("a subscriber to all types gets what is an envelope, and nothing that is for another one alone") {
  Pair pair;
  pair.publisher.connection().send("no envelope");
  pair.publisher.connection().send("");
  pair.publisher.connection().send("\xEA\x06\x10 of 16 bytes, this" + std::string("\x0A"));
  pair.publisher.send(msg01("fine"));
  CHECK(pair.subscriber.recv<Msg01>().field1() == "fine");
  CHECK(pair.subscriber.received() == 1);
}

// --- Sending ---

TEST_CASE("what cannot be sent throws, and sends nothing") {
  dividere::connection::SocketOptions options;
  options.maxMessageBytes = 1000;
  Publisher publisher("tcp://*:*", options);
  Subscriber subscriber(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  CHECK(codeOf([&] { publisher.send(Order()); }) == Errc::incomplete);
  CHECK(contains(whatOf([&] { publisher.send(Order()); }), "messaging::Publisher"));
  CHECK(codeOf([&] { publisher.send(msg01(std::string(1001, 'x'))); }) == Errc::tooLarge);
  CHECK(codeOf([&] { publisher.send(msg01(std::string(1001, 'x')), kNow); }) == Errc::tooLarge);
  publisher.send(msg01("fits"));
  CHECK(subscriber.recv<Msg01>().field1() == "fits");
  CHECK_FALSE(subscriber.wait(kNow));
}

TEST_CASE("a message made at run time is received as the linked type of its name, and into one made at run time") {
  google::protobuf::FileDescriptorProto file;
  Msg01::descriptor()->file()->CopyTo(&file);
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory(&pool);
  const auto* type = pool.BuildFile(file)->FindMessageTypeByName("Msg01");
  std::unique_ptr<Message> dynamic(factory.GetPrototype(type)->New());
  dynamic->GetReflection()->SetString(dynamic.get(), type->FindFieldByName("field1"), "dynamic");

  Pair pair;
  pair.publisher.send(*dynamic);
  CHECK(pair.subscriber.recv<Msg01>().field1() == "dynamic");

  pair.publisher.send(msg01("generated"));
  pair.subscriber.recvInto(*dynamic);
  CHECK(dynamic->GetReflection()->GetString(*dynamic, type->FindFieldByName("field1")) == "generated");
}

TEST_CASE("a subscriber may ask for a type that is made at run time, and nobody complains") {
  const LogCapture log(dividere::LogLevel::warning);
  google::protobuf::FileDescriptorProto file;
  file.set_name("made.proto");
  file.add_message_type()->set_name("MadeAtRunTime");
  google::protobuf::FileDescriptorProto packaged = file;
  packaged.set_name("packaged.proto");
  packaged.set_package("far");
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory(&pool);
  const auto make = [&](const auto& source) {
    return std::unique_ptr<Message>(factory.GetPrototype(pool.BuildFile(source)->message_type(0))->New());
  };
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {"MadeAtRunTime"});
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(*make(file));
  publisher.send(*make(packaged));
  CHECK(subscriber.wait(kLimit));
  CHECK(log.lines("asks for").empty());
}

// --- What is passed on to the socket inside ---

TEST_CASE("sockets can be moved, and tell where they are and what happens to them") {
  Publisher first("tcp://*:*");
  const std::string endpoint = first.endpoint();
  const std::uint16_t port = first.port();
  CHECK(port != 0);
  Publisher publisher(std::move(first));
  CHECK(publisher.endpoint() == endpoint);
  CHECK(publisher.port() == port);
  CHECK(publisher.native() != nullptr);
  CHECK(codeOf([&] { first.send(msg01("")); }) == Errc::movedFrom);  // NOLINT: that is what is tested

  std::promise<std::string> told;
  publisher.onEvent([&, first = true](const dividere::connection::SocketEvent& event) mutable {
    if (first) told.set_value(event.endpoint);
    first = false;
  });
  CHECK(told.get_future().get() == endpoint);  // that it listens
  publisher.onEvent(nullptr);

  Subscriber subscriber(meeting(publisher));
  Subscriber taken = std::move(subscriber);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg01("moved"));
  CHECK(taken.recv<Msg01>().field1() == "moved");
  CHECK(publisher.dropped() == 0);
}

TEST_CASE("bytes and typed messages can be mixed on one socket") {
  Pair pair;
  pair.publisher.send(msg01("typed"));
  pair.publisher.connection().send("\nbytes");  // begins as an envelope does, which is all that is subscribed to
  CHECK(pair.subscriber.recv<Msg01>().field1() == "typed");
  CHECK(pair.subscriber.connection().recv() == "\nbytes");
}
