// Requests that are given up by whoever made them.

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
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
using namespace std::chrono_literals;

namespace {

/// Waits until the service has taken in all that was sent before.
void beHeard(RawCaller& caller) {
  caller.ask("heard", Empty01(), caller::asksFeatures());
  CHECK(caller.reply<Features>("heard"));
}

}  // namespace

TEST_CASE("a handler sees that its request is cancelled, and whoever gave it up gets no reply") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    stage::Event begun, hooked;
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      if (message.field1() != "long") return message;
      CHECK_FALSE(sender.cancelled());
      sender.onCancel([&] { hooked.happen(); });
      begun.happen();
      CHECK(support::eventually([&] { return sender.cancelled(); }));
      return message;
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", msg01("long"), caller::timeout(1'000'000));
    REQUIRE(begun.wait());
    caller.ask("2", CancelCall());  // another call's
    caller.ask("1", CancelCall());
    CHECK(hooked.wait());
    caller.ask("3", msg01("next"), caller::timeout(1'000'000));
    CHECK(caller.reply<Msg01>("3")->field1() == "next");
    service.stop();
    CHECK(service.handlerStats().failed == 0);
    CHECK(service.handlerStats().unknown == 0);
  }
}

TEST_CASE("a cancelled handler need not reply, may throw, and the next request of its thread is not cancelled") {
  const support::LogCapture log;
  for (const int threads : {1, 2}) {
    stage::Event begun;
    std::atomic<int> calls{0}, hooks{0};
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      sender.onCancel([&] { ++hooks; });
      if (message.field1() == "next") {
        CHECK_FALSE(sender.cancelled());
        return sender.send(message);
      }
      ++calls;
      CHECK(support::eventually([&] { return sender.cancelled(); }));
      if (message.field1() == "throw") throw std::runtime_error("enough");
    });
    service.start(0ms);
    RawCaller caller(service);
    for (const std::string text : {"silent", "throw"}) {
      const int before = calls;
      caller.ask(text, msg01(text), caller::timeout(1'000'000));
      REQUIRE(support::eventually([&] { return calls > before; }));
      caller.ask(text, CancelCall());
      caller.ask("x", msg01("next"), caller::timeout(1'000'000));
      caller.ask("x", msg01("next"), caller::timeout(1'000'000));
      CHECK(caller.reply<Msg01>("x"));
      CHECK(caller.reply<Msg01>("x"));
    }
    service.stop();
    const auto stats = service.handlerStats();
    CHECK((stats.cancelled == 2 && stats.failed == 0 && hooks == 2));
  }
}

TEST_CASE("a request that waits is forgotten as soon as it is given up") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    support::Notes<std::string> handled;
    std::atomic<bool> goOn{false};
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      handled.add(message.field1());
      if (message.field1() != "hold") return message;
      CHECK(support::eventually([&] { return sender.cancelled() || goOn; }));  // takes in what comes, too
      return message;
    });
    service.on([](const Empty01& message) { return message; });
    service.start(0ms);
    RawCaller caller(service);
    for (int i = 0; i < threads; ++i) caller.ask("hold", msg01("hold"), caller::timeout(1'000'000));
    REQUIRE(handled.reach(static_cast<std::size_t>(threads)));
    // More than a pool has room for.
    for (const char* id : {"1", "2", "3", "4", "5", "6", "7"}) caller.ask(id, msg01(id), caller::timeout(1'000'000));
    for (const char* id : {"1", "3", "7"}) caller.ask(id, CancelCall());
    beHeard(caller);
    CHECK(service.handlerStats().cancelled == 3);
    goOn = true;
    std::vector<std::string> replied;
    while (replied.size() < 4 + static_cast<std::size_t>(threads) + 1) {
      const auto frames = caller.socket().recv();
      REQUIRE(frames);
      replied.push_back(frames->front());
    }
    service.stop();
    for (const char* id : {"1", "3", "7"}) {
      CHECK(std::count(replied.begin(), replied.end(), id) == 0);
      const auto all = handled.all();
      CHECK(std::count(all.begin(), all.end(), id) == 0);
    }
  }
}

TEST_CASE("a Later knows that its request is cancelled, and a hook set in the handler is called then") {
  for (const int threads : {1, 2}) {
    std::optional<Later> later;
    stage::Event deferred, hooked;
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      if (message.field1() == "now") return sender.send(message);
      sender.onCancel([&] { hooked.happen(); });
      later.emplace(sender.defer());
      deferred.happen();
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", msg01("later"), caller::timeout(1'000'000));
    REQUIRE(deferred.wait());
    CHECK_FALSE(later->cancelled());
    caller.ask("1", CancelCall());
    CHECK(hooked.wait());
    CHECK(later->cancelled());
    later->send(msg01("to nobody"));
    caller.ask("2", msg01("now"));
    CHECK(caller.reply<Msg01>("2")->field1() == "now");
    service.stop();
    later.reset();
    CHECK(service.handlerStats().failed == 0);
  }
}

TEST_CASE("no hook runs once its handler has taken it back, though cancellations come all the time") {
  std::atomic<int> wrong{0};
  Service service("name", alone(3));
  service.on([&](const Msg01& message, Sender& sender) {
    const auto isOver = std::make_shared<std::atomic<bool>>(false);
    sender.onCancel([&wrong, isOver] {
      for (int i = 0; i < 3; ++i, std::this_thread::yield()) wrong += *isOver ? 1 : 0;
    });
    std::this_thread::yield();
    sender.onCancel(nullptr);
    *isOver = true;
    return message;
  });
  service.start(0ms);
  RawCaller caller(service);
  constexpr int kCalls = 2000;
  for (int i = 0; i < kCalls; ++i) {
    const std::string id = std::to_string(i);
    caller.ask(id, msg01(""), caller::timeout(1'000'000));
    caller.ask(id, CancelCall());
  }
  REQUIRE(support::eventually([&] {
    const auto stats = service.handlerStats();
    return stats.handled + stats.cancelled == kCalls;
  }));
  CHECK(wrong == 0);
  CHECK(service.handlerStats().cancelled > 0);
}

TEST_CASE("what is no cancellation is none: of nobody, of another peer's call, or without a call") {
  support::LogCapture quiet;
  for (const int threads : {1, 2}) {
    stage::Event begun;
    std::atomic<bool> goOn{false};
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      begun.happen();
      CHECK(support::eventually([&] { return sender.cancelled() || goOn; }));
      CHECK_FALSE(sender.cancelled());
      return message;
    });
    service.on([](const Empty01& message) { return message; });
    service.start(0ms);
    RawCaller caller(service), other(service);
    caller.ask("1", msg01("x"), caller::timeout(1'000'000));
    REQUIRE(begun.wait());
    other.ask("1", CancelCall());  // the same frame of another connection
    caller.ask("2", CancelCall());
    caller.socket().send({caller::envelopeOf(CancelCall())});
    caller.ask("1", CancelCall(), std::string(1000, '\0'));  // longer than any
    caller.socket().send({"1", "junk", "junk"});
    beHeard(other);
    goOn = true;
    service.stop();
  }
}

TEST_CASE("a request is cancelled when its handler sends a part to a caller that is gone") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    stage::Event begun, gone;
    support::Notes<std::error_code> ended;
    auto options = alone(threads);
    options.socket.onEvent = [&](const dividere::connection::SocketEvent& event) {
      if (event.type == dividere::connection::EventType::disconnected) gone.happen();
    };
    Service service("name", options);
    service.on([&](const Msg01& message, Sender& sender) {
      begun.happen();
      gone.wait();
      ended.add(support::codeOf([&] {
        for (;;) {
          sender.sendPart(message);
          ::poll(nullptr, 0, 20);  // the socket forgets its peer a moment later, of which nothing tells
        }
      }));
      CHECK(sender.cancelled());
    });
    service.start(0ms);
    {
      RawCaller caller(service);
      caller.ask("1", msg01("x"), caller::takesParts() + caller::timeout(20'000));
      REQUIRE(begun.wait());
    }
    REQUIRE(ended.reach(1));
    CHECK(ended.all()[0] == Errc::cancelled);
  }
}

// --- Callers that are gone ---

TEST_CASE("a handler sees that its caller is gone, though nobody has said so, and the next request is not cancelled") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    stage::Event begun, hooked;
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      if (message.field1() == "next") {
        CHECK_FALSE(sender.cancelled());
        return sender.send(message);
      }
      if (threads == 1) sender.onCancel([&] { hooked.happen(); });
      CHECK_FALSE(sender.cancelled());
      begun.happen();
      CHECK(support::eventually([&] { return sender.cancelled(); }));
    });
    service.start(0ms);
    {
      RawCaller caller(service);
      caller.ask("1", msg01("long"));
      REQUIRE(begun.wait());
    }
    if (threads == 1) CHECK(hooked.wait());
    RawCaller next(service);
    next.ask("2", msg01("next"));
    CHECK(next.reply<Msg01>("2")->field1() == "next");
    service.stop();
    CHECK((service.handlerStats().cancelled == 1 && service.handlerStats().failed == 0));
  }
}

TEST_CASE("a hook is called when the caller goes while the handler waits for something else") {
  stage::Event begun, hooked;
  Service service("name", alone(2));
  service.on([&](const Msg01&, Sender& sender) {
    sender.onCancel([&] { hooked.happen(); });
    begun.happen();
    CHECK(hooked.wait());
  });
  service.start(0ms);
  {
    RawCaller caller(service);
    caller.ask("1", msg01("long"));
    REQUIRE(begun.wait());
  }
  CHECK(hooked.wait());
  service.stop();
  CHECK((service.handlerStats().cancelled == 1 && service.handlerStats().failed == 0));
}

TEST_CASE("a Later knows that its caller is gone, others that are there are not taken for it") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    support::Notes<int> deferred;
    std::vector<Later> laters;
    laters.reserve(3);  // they stay where they are: the handler adds one while another is looked at
    Service service("name", alone(threads));
    service.on([&](const Msg01&, Sender& sender) {
      laters.push_back(sender.defer());
      deferred.add(0);
    });
    service.start(0ms);
    RawCaller stays(service);
    stays.ask("1", msg01("immortal"));
    REQUIRE(deferred.reach(1));
    {
      RawCaller caller(service);
      caller.ask("2", msg01("mortal"));
      REQUIRE(deferred.reach(2));
    }
    CHECK(support::eventually([&] { return laters[1].cancelled(); }));
    RawCaller comes(service);  // its connection is likely to have the descriptor of the former one
    comes.ask("3", msg01("immortal"));
    REQUIRE(deferred.reach(3));
    CHECK_FALSE(laters[0].cancelled());
    CHECK_FALSE(laters[2].cancelled());
    laters[0].send(msg01("one"));
    laters[2].send(msg01("three"));
    CHECK(stays.reply<Msg01>("1")->field1() == "one");
    CHECK(comes.reply<Msg01>("3")->field1() == "three");
    laters.clear();  // the one without a reply, too: nobody waits for it
    service.stop();
    CHECK(service.handlerStats().failed == 0);
  }
}

TEST_CASE("a caller that comes back by its own name takes the reply that was to come later") {
  std::optional<Later> later;
  stage::Event deferred, gone;
  Service service("name", alone());
  service.on([&](const Msg01&, Sender& sender) {
    sender.onCancel([&] { gone.happen(); });
    later.emplace(sender.defer());
    deferred.happen();
  });
  service.on([](const Empty01& message) { return message; });
  service.start(0ms);
  {
    RawCaller caller(service, "robot");
    caller.ask("1", msg01("x"));
    REQUIRE(deferred.wait());
  }
  REQUIRE(gone.wait());
  RawCaller caller(service, "robot");
  beHeard(caller);
  caller.receive("heard");
  later->send(msg01("at last"));
  CHECK(caller.reply<Msg01>("1")->field1() == "at last");
}

TEST_CASE("a handler that waits to send a part waits no more when its caller is gone, whatever time that had") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    stage::Event stuck;
    support::Notes<std::error_code> ended;
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      ended.add(support::codeOf([&] {
        for (int part = 0;; ++part) {
          if (part == 32) stuck.happen();  // as much as it may send unasked
          sender.sendPart(message);
        }
      }));
    });
    service.start(0ms);
    {
      RawCaller caller(service);
      caller.ask("1", msg01("x"), caller::takesParts());
      REQUIRE(stuck.wait());
    }
    REQUIRE(ended.reach(1));
    CHECK(ended.all()[0] == Errc::cancelled);
  }
}
