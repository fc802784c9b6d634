// Replies that are left to another thread.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caller.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/notes.hpp"
#include "support/thrown.hpp"

using caller::alone;
using caller::RawCaller;
using dividere::Errc;
using dividere::reactor::Later;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;
using dividere::service::Service;
using stage::msg01;
using support::codeOf;
using support::contains;
using namespace std::chrono_literals;

namespace {

/// Laters from the handlers' threads to the test's.
class Kept {
 public:
  void add(Later&& later) {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.push_back(std::move(later));
  }
  Later take() {
    std::optional<Later> taken;
    const bool came = support::eventually([&] {
      std::lock_guard<std::mutex> lock(mutex_);
      if (all_.empty()) return false;
      taken.emplace(std::move(all_.front()));
      all_.erase(all_.begin());
      return true;
    });
    REQUIRE(came);
    return std::move(*taken);
  }

 private:
  std::mutex mutex_;
  std::vector<Later> all_;
};

std::string textOf(const std::optional<Msg01>& reply) { return reply ? reply->field1() : "nothing"; }

}  // namespace

TEST_CASE("a reply comes later, from any thread, while other requests are handled") {
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    Kept kept;
    Service service("name", alone(threads));
    service.on([&](const Msg01& message, Sender& sender) {
      if (message.field1() == "now") return sender.send(message);
      kept.add(sender.defer());
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", msg01("later"));
    Later first = kept.take();
    caller.ask("2", msg01("later"));
    Later second = kept.take();
    caller.ask("3", msg01("now"));
    CHECK(textOf(caller.reply<Msg01>("3")) == "now");
    CHECK(first.remaining() == std::chrono::milliseconds::max());
    CHECK_FALSE(first.cancelled());
    std::thread([later = std::move(second)]() mutable { later.send(msg01("second")); }).join();
    CHECK(textOf(caller.reply<Msg01>("2")) == "second");
    first.send(msg01("first"));
    CHECK(textOf(caller.reply<Msg01>("1")) == "first");
    CHECK(service.handlerStats().failed == 0);
  }
}

TEST_CASE("a Later replies once") {
  support::LogCapture quiet;
  Kept kept;
  Service service("name", alone());
  support::Notes<std::error_code> codes;
  service.on([&](const Msg01&, Sender& sender) {
    kept.add(sender.defer());
    codes.add(codeOf([&] { sender.send(msg01("twice")); }));
    codes.add(codeOf([&] { sender.defer(); }));
  });
  service.on([&](const Msg02& message, Sender& sender) {
    sender.send(message);
    codes.add(codeOf([&] { sender.defer(); }));
  });
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", msg01(""));
  Later later = kept.take();
  later.send(msg01("once"));
  CHECK(codeOf([&] { later.send(msg01("twice")); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { later.fail({1, "twice"}); }) == Errc::outOfTurn);
  CHECK(textOf(caller.reply<Msg01>("1")) == "once");
  Later other = std::move(later);
  CHECK(codeOf([&] { later.send(msg01("gone")); }) == Errc::movedFrom);  // NOLINT: that is the point
  caller.ask("2", stage::msg02("", 1));
  CHECK(caller.reply<Msg02>("2"));
  CHECK(codes.reach(3));
  CHECK(codes.all() == std::vector<std::error_code>(3, Errc::outOfTurn));
}

TEST_CASE("a Later that is destroyed without a reply tells whoever asked, and is a failure of the service") {
  support::LogCapture quiet;
  support::Notes<std::string> reported;
  Service service("name", alone());
  service.on([](const Msg01& message, Sender& sender) {
    auto later = sender.defer();
    if (message.field1() == "fail") later.fail({42, "not today"});
    if (message.field1() == "throw") throw std::runtime_error("thrown");
  });
  service.onError([&](const dividere::Error& error) { reported.add(error.text()); });
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", msg01("drop"));
  DividereError told = caller.error("1");
  CHECK((told.code() == 3 && told.failure() == 0 && told.text() == "it sent no reply"));
  caller.ask("2", msg01("fail"));
  told = caller.error("2");
  CHECK((told.code() == 3 && told.failure() == 42 && told.text() == "not today"));
  caller.ask("3", msg01("throw"));
  CHECK(caller.error("3").code() == 3);
  caller.ask("4", msg01("drop"));
  CHECK(caller.error("4").code() == 3);  // nothing came twice
  CHECK(reported.reachOne("it sent no reply"));
  CHECK(reported.reachOne("not today"));
  CHECK(reported.reachOne("thrown"));
}

TEST_CASE("a service that stops does not wait for Laters: whoever asked is told, and they may outlive it") {
  for (const int threads : {1, 2}) {
    Kept kept;
    auto service = std::make_unique<Service>("name", alone(threads));
    service->on([&](const Msg01&, Sender& sender) { kept.add(sender.defer()); });
    service->start(0ms);
    RawCaller caller(*service);
    std::vector<Later> laters;
    for (const char* id : {"1", "2", "3"}) {
      caller.ask(id, msg01(""));
      laters.push_back(kept.take());
    }
    service->stop();
    for (const char* id : {"1", "2", "3"}) CHECK(caller.error(id).code() == 9);
    CHECK(codeOf([&] { laters[0].send(msg01("too late")); }) == Errc::stopping);
    service.reset();
    CHECK(codeOf([&] { laters[1].send(msg01("too late")); }) == Errc::stopping);
    laters[1].fail({1, "too late"});
    laters.clear();
  }
}

TEST_CASE("a service may be stopped and destroyed while other threads reply") {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> repliers;
    std::atomic<int> deferred{0};
    std::mutex mutex;
    auto service = std::make_unique<Service>("name", alone(2));
    service->on([&](const Msg01& message, Sender& sender) {
      std::lock_guard<std::mutex> lock(mutex);
      repliers.emplace_back([message, later = sender.defer()]() mutable {
        const auto code = codeOf([&] { later.send(message); });
        CHECK((!code || code == Errc::stopping));
      });
      ++deferred;
    });
    service->start(0ms);
    RawCaller caller(*service);
    for (int i = 0; i < 20; ++i) caller.ask(std::to_string(i), msg01(""));
    REQUIRE(support::eventually([&] { return deferred > 5; }));
    service.reset();
    for (auto& replier : repliers) replier.join();
  }
}

TEST_CASE("replies of a method that are left to a Later are held to its type, and one too large leaves it open") {
  Kept kept;
  dividere::service::ServiceOptions options = alone();
  options.socket.maxMessageBytes = 10'000;
  Service service("name", options);
  service.on([&](const Msg01&, Sender& sender) { kept.add(sender.defer()); });
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", msg01(""));
  Later later = kept.take();
  CHECK(codeOf([&] { later.send(msg01(std::string(20'000, 'x'))); }) == Errc::tooLarge);
  later.send(msg01("smaller"));
  CHECK(textOf(caller.reply<Msg01>("1")) == "smaller");
}

TEST_CASE("a reactor's Dealer and Response can reply later, a Response to one request at a time; others say why not") {
  support::LogCapture quiet;
  Kept kept;
  support::Notes<std::string> texts;
  MtMsgReactor reactor;
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Dealer dealer("tcp://127.0.0.1:*");
  dividere::messaging::Publisher publisher("inproc://later-test");
  dividere::messaging::Request first(response.endpoint()), second(response.endpoint());
  support::RawSocket asker(ZMQ_DEALER);
  asker.connect(dealer.endpoint());
  reactor.add(std::move(response)).add(std::move(dealer)).add(dividere::messaging::Subscriber(publisher.endpoint()));
  reactor.on([&](const Msg01& message, Sender& sender) {
    texts.add(message.field1());
    if (message.field1() == "published") {
      texts.add(support::whatOf([&] { sender.defer(); }));
    } else {
      kept.add(sender.defer());
    }
  });
  reactor.start();

  first.send(msg01("one"));
  Later later = kept.take();
  second.send(msg01("two"));
  asker.send({"asker", "", caller::envelopeOf(msg01("three"))});
  Later dealers = kept.take();
  CHECK(texts.all() == std::vector<std::string>{"one", "three"});  // "two" is not taken yet
  later.send(msg01("first"));
  CHECK(textOf(first.recv<Msg01>(support::kLimit)) == "first");
  { Later dropped = kept.take(); }
  CHECK(codeOf([&] { second.recv<Msg01>(support::kLimit); }) == Errc::handlerFailed);
  dealers.send(msg01("third"));
  const auto frames = asker.recv();
  REQUIRE(frames);
  CHECK((frames->size() == 3 && frames->front() == "asker"));
  CHECK(contains(frames->back(), "third"));

  CHECK(publisher.waitForSubscribers(1, support::kLimit));
  publisher.send(msg01("published"));
  REQUIRE(texts.reach(5));
  CHECK(contains(texts.all().back(), "a reply comes before its handler returns"));

  asker.send({"asker", "", caller::envelopeOf(msg01("four"))});
  Later last = kept.take();
  reactor.stop();
  CHECK(codeOf([&] { last.send(msg01("late")); }) == Errc::stopping);
  const auto told = asker.recv();
  REQUIRE(told);
  CHECK(contains(told->back(), "DividereError"));
}

TEST_CASE("in a forked child a Later does nothing") {
  if (!support::kCanFork) return;
  Kept kept;
  Service service("name", alone());
  service.on([&](const Msg01&, Sender& sender) { kept.add(sender.defer()); });
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", msg01(""));
  std::optional<Later> later(kept.take());
  CHECK(support::inFork([&] {
          support::expect(codeOf([&] { later->send(msg01("child")); }) == Errc::otherProcess, "sent");
          later.reset();
        }) == "");
  later->send(msg01("parent"));
  CHECK(textOf(caller.reply<Msg01>("1")) == "parent");
}
