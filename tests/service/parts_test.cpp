// Parts ahead of a reply: progress, and streams.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caller.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/notes.hpp"
#include "support/thrown.hpp"

using caller::alone;
using caller::RawCaller;
using dividere::Errc;
using dividere::reactor::Later;
using dividere::reactor::Sender;
using dividere::service::Service;
using stage::msg01;
using stage::msg02;
using support::codeOf;
using namespace std::chrono_literals;

namespace {

std::string taking(std::uint32_t timeoutMs = 1'000'000) { return caller::timeout(timeoutMs) + caller::takesParts(); }

/// Sends as many parts as the request says, and then that many as the reply.
void count(const Msg02& request, Sender& sender) {
  for (int i = 1; i <= request.field2(); ++i) sender.sendPart(msg02("part", i));
  sender.send(request);
}

Credit credit(std::uint32_t parts) {
  Credit made;
  made.set_parts(parts);
  return made;
}

/// The numbers of a call's parts, until its reply.
std::vector<int> partsOf(RawCaller& caller, const std::string& id, std::uint32_t creditEach) {
  std::vector<int> parts;
  for (;;) {
    const std::string bytes = caller.receive(id);
    REQUIRE(!bytes.empty());
    const auto message = dividere::messaging::ProtoBuffDecoder().decode(bytes);
    const auto* part = dynamic_cast<const Msg02*>(message.get());
    REQUIRE(part);
    if (part->field1() != "part") return parts;
    parts.push_back(part->field2());
    const std::string tail =
        fields::ofVarint(108, static_cast<std::uint64_t>(part->field2())) + fields::ofVarint(110, 1);
    CHECK(bytes.substr(bytes.size() - tail.size()) == tail);
    if (creditEach > 0) caller.ask(id, credit(creditEach));
  }
}

}  // namespace

TEST_CASE("parts come before the reply, numbered, to callers that take them, and to no others") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    Service service("name", alone(threads));
    service.on(count);
    service.start(0ms);
    RawCaller caller(service);
    for (int i = 0; i < 2; ++i) {
      caller.ask("1", msg02("", 5), taking());
      CHECK(partsOf(caller, "1", 0) == std::vector<int>{1, 2, 3, 4, 5});
    }
    caller.ask("2", msg02("", 1000), caller::timeout(1'000'000));
    CHECK(partsOf(caller, "2", 0).empty());
    caller.ask("3", msg02("", 1000));
    CHECK(partsOf(caller, "3", 0).empty());
  }
}

TEST_CASE("32 parts are under way, and more as the caller gives credit for them") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    std::atomic<int> sent{0};
    Service service("name", alone(threads));
    service.on([&](const Msg02& request, Sender& sender) {
      for (int i = 1; i <= request.field2(); ++i) sender.sendPart(msg02("part", i)), ++sent;
      sender.send(request);
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", msg02("", 900), taking());
    for (int i = 0; i < 32; ++i) CHECK(caller.reply<Msg02>("1")->field2() == i + 1);
    CHECK_FALSE(caller.socket().recv(20ms));
    CHECK(support::eventually([&] { return sent == 32; }));
    caller.ask("2", credit(1000));  // of another call
    caller.ask("1", credit(1));
    CHECK(caller.reply<Msg02>("1")->field2() == 33);
    CHECK_FALSE(caller.socket().recv(20ms));
    caller.ask("1", credit(0xFFFFFFFF));
    caller.ask("1", credit(0xFFFFFFFF));
    CHECK(partsOf(caller, "1", 0).back() == 900);
    caller.ask("3", msg02("", 500), taking());  // begins with 32 again
    CHECK(partsOf(caller, "3", 1).size() == 500);
  }
}

TEST_CASE("a stream that is cancelled, out of time, or stopped with its service ends at its source") {
  support::LogCapture quiet;
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    support::Notes<std::error_code> ends;
    auto service = std::make_unique<Service>("name", alone(threads));
    service->on([&](const Msg02& request, Sender& sender) {
      ends.add(codeOf([&] { count(request, sender); }));
      throw std::runtime_error("ended");
    });
    service->start(0ms);
    RawCaller caller(*service);
    caller.ask("1", msg02("", 1000), taking());
    for (int i = 0; i < 32; ++i) CHECK(caller.reply<Msg02>("1"));
    caller.ask("1", CancelCall());
    CHECK(ends.reachOne(Errc::cancelled));
    caller.ask("2", msg02("", 1000), taking(500));
    for (int i = 0; i < 32; ++i) CHECK(caller.reply<Msg02>("2"));
    CHECK(ends.reachOne(Errc::deadlinePassed));
    CHECK(caller.error("2").code() == 3);
    caller.ask("3", msg02("", 1000), caller::takesParts());  // for ever
    for (int i = 0; i < 32; ++i) CHECK(caller.reply<Msg02>("3"));
    service.reset();
    CHECK(ends.reachOne(Errc::stopping));
  }
}

TEST_CASE("a Later sends parts from any thread, and goes on with the numbers of its handler") {
  for (const int threads : {1, 2}) {
    std::optional<Later> later;
    stage::Event deferred, refused;
    Service service("name", alone(threads));
    service.on([&](const Msg02&, Sender& sender) {
      sender.sendPart(msg02("part", 1));
      later.emplace(sender.defer());
      CHECK(codeOf([&] { sender.sendPart(msg02("part", 2)); }) == Errc::outOfTurn);
      deferred.happen();
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", msg02("", 0), taking());
    REQUIRE(deferred.wait());
    std::thread sending([&] {
      for (int i = 2; i <= 100; ++i) later->sendPart(msg02("part", i));
    });
    for (int i = 1; i <= 32; ++i) CHECK(caller.reply<Msg02>("1")->field2() == i);
    CHECK_FALSE(caller.socket().recv(20ms));
    caller.ask("1", credit(68));
    for (int i = 33; i <= 100; ++i) CHECK(caller.reply<Msg02>("1")->field2() == i);
    sending.join();
    // The service's own thread does not wait.
    service.post([&] {
      if (codeOf([&] { later->sendPart(msg02("part", 101)); }) == Errc::overloaded) refused.happen();
    });
    CHECK(refused.wait());
    std::error_code end;
    std::thread waiting([&] { end = codeOf([&] { later->sendPart(msg02("part", 101)); }); });
    caller.ask("1", CancelCall());
    waiting.join();
    CHECK(end == Errc::cancelled);
    later.reset();
  }
}

TEST_CASE("a part after the reply is refused, and so is one by a socket that has no parts") {
  support::LogCapture quiet;
  support::Notes<std::error_code> codes;
  Service service("name", alone());
  const auto handler = [&](const Msg02& request, Sender& sender) {
    sender.send(request);
    codes.add(codeOf([&] { sender.sendPart(request); }));
  };
  service.on(handler);
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", msg02("", 0), taking());
  CHECK(caller.reply<Msg02>("1"));
  dividere::reactor::MtMsgReactor reactor;
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Request request(response.endpoint());
  support::Notes<std::string> whys;
  reactor.add(std::move(response)).on([&](const Msg02& message, Sender& sender) {
    whys.add(support::whatOf([&] { sender.sendPart(message); }));
    return message;
  });
  reactor.start();
  request.send(msg02("", 0));
  CHECK(request.recv<Msg02>(support::kLimit));
  CHECK(codes.reach(1));
  CHECK(codes.all().front() == Errc::outOfTurn);
  CHECK(support::contains(whys.all().front(), "one reply and no parts"));
}

TEST_CASE("a client reads a service's stream, slowly, from its first part to its end") {
  dividere::registry::Server server(stage::anywhere());
  for (const int threads : {1, 2}) {
    dividere::service::ServiceOptions options = stage::at(server);
    options.threads = threads;
    Service service("name", options);
    service.on(count);
    REQUIRE(service.start(support::kLimit));
    dividere::service::Client client("name", stage::asking(server));
    int expected = 0;
    for (const Msg02& part : client.stream<Msg02>(msg02("", 500), support::kLimit)) CHECK(part.field2() == ++expected);
    CHECK(expected == 500);
  }
}

TEST_CASE("a hundred streams of one client come from one service at once, each whole and in order") {
  constexpr int kStreams = 100, kPartsEach = 200;
  dividere::registry::Server server(stage::anywhere());
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    dividere::service::ServiceOptions options = stage::at(server);
    options.threads = threads;
    std::atomic<int> sent{0};
    std::mutex mutex;
    std::vector<std::thread> senders;
    Service service("name", options);
    service.on([&](const Msg02& request, Sender& sender) {
      const std::lock_guard<std::mutex> lock(mutex);
      senders.emplace_back([&sent, request, later = sender.defer()]() mutable {
        for (int i = 1; i <= request.field2(); ++i, ++sent) later.sendPart(msg02(request.field1(), i));
        later.send(request);
      });
    });
    REQUIRE(service.start(support::kLimit));
    dividere::service::Client client("name", stage::asking(server));
    std::vector<dividere::Stream<Msg02>> streams;
    for (int i = 0; i < kStreams; ++i) {
      streams.push_back(client.stream<Msg02>(msg02(std::to_string(i), kPartsEach), 10 * support::kLimit));
    }
    CHECK(support::eventually([&] { return sent == kStreams * 32; }));  // none is read yet
    for (int part = 1; part <= kPartsEach; ++part) {
      for (int i = 0; i < kStreams; ++i) {
        Msg02* const next = streams[static_cast<std::size_t>(i)].next();
        REQUIRE(next);
        REQUIRE(next->field1() == std::to_string(i));
        REQUIRE(next->field2() == part);
      }
    }
    for (auto& stream : streams) CHECK(stream.reply<Msg02>()->field2() == kPartsEach);
    service.stop();
    for (auto& sender : senders) sender.join();
  }
}

TEST_CASE("a caller that reads nothing for a while gets all parts of all its streams, in order") {
  constexpr int kStreams = 200;
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    Service service("name", alone(threads));
    const std::string large(4096, 'x');  // so that what is under way is more than a connection holds
    std::atomic<int> sent{0};
    service.on([&](const Msg02& request, Sender& sender) {
      for (int i = 1; i <= request.field2(); ++i, ++sent) sender.sendPart(msg02(large, i));
      sender.send(request);
    });
    service.start(0ms);
    RawCaller caller(service);
    for (int i = 0; i < kStreams; ++i) caller.ask(std::to_string(i), msg02("", 32), taking());
    CHECK(support::eventually([&] { return sent == kStreams * 32; }));
    std::map<std::string, int> parts;
    for (int i = 0; i < kStreams * 33; ++i) {
      const auto frames = caller.socket().recv();
      REQUIRE(frames);
      const auto message = dividere::messaging::ProtoBuffDecoder().decode(frames->back());
      const auto* part = dynamic_cast<const Msg02*>(message.get());
      REQUIRE(part);
      int& last = parts[frames->front()];
      if (!part->field1().empty()) REQUIRE(part->field2() == ++last);
    }
    CHECK(parts.size() == kStreams);
    for (const auto& [id, last] : parts) CHECK(last == 32);
  }
}
