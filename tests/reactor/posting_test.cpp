// Functions run in the reactor's thread: posted, or once a period.

#include "kit.hpp"
#include "support/eventually.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::messaging::Request;
using dividere::reactor::MtMsgReactor;

using Clock = std::chrono::steady_clock;

TEST_CASE("what is posted runs in the thread that runs the handlers") {
  Notes<std::thread::id> threads;
  Event ran;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor
      .on([&](const Msg01& message) {
        threads.add(std::this_thread::get_id());
        return message;
      })
      .every(1ms, [&] { threads.add(std::this_thread::get_id()); });
  reactor.start();
  Request request(endpoint);
  ask(request, msg01(""));
  reactor.post([&] {
    threads.add(std::this_thread::get_id());
    ran.happen();
  });
  REQUIRE(ran.wait());
  REQUIRE(threads.reach(3));
  for (const auto& thread : threads.all()) CHECK(thread == threads.all().front());
  CHECK(threads.all().front() != std::this_thread::get_id());
}

TEST_CASE("what many threads post runs once each, in the order of each thread, and none at the same time") {
  constexpr std::size_t kThreads = 4, kEach = 5000;
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  Notes<bool> finished;
  MtMsgReactor reactor;
  reactor.start();
  std::vector<std::vector<std::size_t>> ran(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        reactor.post([&, t, i] {
          if (++inside != 1) overlapped = true;
          ran[t].push_back(i);
          --inside;
          if (i + 1 == kEach) finished.add(true);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(finished.reach(kThreads));
  reactor.stop();
  CHECK_FALSE(overlapped);
  for (const auto& each : ran) {
    REQUIRE(each.size() == kEach);
    CHECK(std::is_sorted(each.begin(), each.end()));
    CHECK(each.back() == kEach - 1);
  }
}

TEST_CASE("what is posted before start() runs once it starts, before the first message") {
  const std::string endpoint = unique("posted");
  dividere::messaging::Dealer dealer(endpoint, bound()), peer(endpoint);
  peer.send(msg01("message"));
  Notes<std::string> notes;
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg01& message) { notes.add(message.field1()); });
  reactor.post([&] { notes.add("first"); });
  reactor.post([&] { notes.add("second"); });
  CHECK(notes.count() == 0);
  reactor.start();
  REQUIRE(notes.reach(3));
  CHECK(notes.all() == std::vector<std::string>{"first", "second", "message"});
}

TEST_CASE("what was posted before stop() still runs; what is posted after it does not, and is let go") {
  Event holding, release;
  std::atomic<int> ran{0};
  MtMsgReactor reactor;
  reactor.start();
  reactor.post([&] {
    holding.happen();
    release.wait();
  });
  REQUIRE(holding.wait());
  for (int i = 0; i < 1000; ++i) reactor.post([&] { ++ran; });
  std::thread stopping([&] { reactor.stop(); });
  release.happen();
  stopping.join();
  CHECK(ran == 1000);
  auto held = std::make_shared<int>(0);
  for (int i = 0; i < 1000; ++i) reactor.post([&ran, held] { ++ran; });
  reactor.stop();
  CHECK(ran == 1000);
  CHECK(held.use_count() == 1);
}

TEST_CASE("a posted function may post again, from the reactor's own thread") {
  Notes<int> notes;
  MtMsgReactor reactor;
  reactor.start();
  std::function<void(int)> countdown = [&](int n) {
    notes.add(n);
    if (n > 0) reactor.post([&, n] { countdown(n - 1); });
  };
  reactor.post([&] { countdown(100); });
  REQUIRE(notes.reach(101));
  CHECK(notes.all().back() == 0);
}

TEST_CASE("what posts itself again and again starves neither messages nor timers") {
  Notes<bool> ticks;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  const std::function<void()> again = [&] { reactor.post(again); };
  reactor.on([](const Msg01& message) { return message; }).every(1ms, [&] { ticks.add(true); });
  reactor.start();
  reactor.post(again);
  Request request(endpoint);
  for (int i = 0; i < 10; ++i) CHECK(ask(request, msg01("fine")) == "fine");
  CHECK(ticks.reach(10));
  reactor.stop();
}

TEST_CASE("a posted function that throws is reported, and the next one runs") {
  const LogNotes log;
  Notes<std::string> errors;
  Event ran;
  MtMsgReactor reactor;
  reactor.onError(
      [&](const Error& error) { errors.add(error.code() == Errc::handlerFailed ? error.what() : "another code"); });
  reactor.start();
  reactor.post([] { throw std::runtime_error("posted in error"); });
  reactor.post([] { throw 42; });
  reactor.post([&] { ran.happen(); });
  REQUIRE(ran.wait());
  REQUIRE(errors.count() == 2);
  CHECK(contains(errors.all()[0], "posted in error"));
}

TEST_CASE("what a posted function holds may use the reactor as it is let go") {
  struct Parting {
    explicit Parting(MtMsgReactor& which) : reactor(which) {}
    Parting(const Parting&) = delete;
    Parting& operator=(const Parting&) = delete;
    ~Parting() {
      reactor.post([] {});
      reactor.stop();
    }
    MtMsgReactor& reactor;
  };
  SUBCASE("after it ran") {
    MtMsgReactor reactor;
    reactor.start();
    reactor.post([parting = std::make_shared<Parting>(reactor)] {});
    reactor.stop();
  }
  SUBCASE("because it is never run") {
    Event letGo;
    MtMsgReactor reactor;
    reactor.post([&] {
      reactor.post([&] {  // the last to run, and too late to post anything
        auto parting = std::shared_ptr<Parting>(new Parting(reactor), [&](Parting* last) {
          delete last;
          letGo.happen();
        });
        reactor.post([parting = std::move(parting)] { FAIL_CHECK("posted after stop()"); });
      });
      reactor.stop();
    });
    reactor.start();
    REQUIRE(letGo.wait());
  }
}

// --- Timers ---

TEST_CASE("a timer comes once a period, the first time after one") {
  Notes<Clock::time_point> ticks;
  MtMsgReactor reactor;
  reactor.every(20ms, [&] { ticks.add(Clock::now()); });
  const auto before = Clock::now();
  reactor.start();
  REQUIRE(ticks.reach(5));
  reactor.stop();
  const auto all = ticks.all();
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] - before >= 20ms * static_cast<int>(i + 1));
}

TEST_CASE("a timer's first period begins with start()") {
  Notes<Clock::time_point> ticks;
  Event waited;
  MtMsgReactor reactor;
  reactor.every(50ms, [&] { ticks.add(Clock::now()); });
  MtMsgReactor other;  // waits a while before it starts the first
  other.every(60ms, [&] { waited.happen(); });
  other.start();
  REQUIRE(waited.wait());
  const auto before = Clock::now();
  reactor.start();
  REQUIRE(ticks.reach(1));
  CHECK(ticks.all().front() - before >= 50ms);
}

TEST_CASE("timers of different periods keep their own pace") {
  Notes<int> ticks;
  std::atomic<int> quick{0};
  MtMsgReactor reactor;
  reactor.every(5ms, [&] { ++quick; }).every(50ms, [&] { ticks.add(quick); }).every(1h, [&] { quick = -1000; });
  reactor.start();
  REQUIRE(ticks.reach(3));
  CHECK(support::eventually([&] { return quick > 3; }));
}

TEST_CASE("calls that a timer was too late for are not made up for") {
  std::atomic<int> ticks{0};
  Event over;
  MtMsgReactor reactor;
  Clock::duration held{};
  reactor.every(5ms, [&] {
    if (++ticks > 1) return;
    const auto at = Clock::now();
    while (Clock::now() - at < 200ms) {  // forty periods
    }
    held = Clock::now() - at;
  });
  reactor.every(300ms, [&] { over.happen(); });
  const auto began = Clock::now();
  reactor.start();
  REQUIRE(over.wait());
  reactor.stop();
  const auto free = Clock::now() - began - held;
  CHECK(ticks <= free / 5ms);
}

TEST_CASE("a timer that throws is reported, and comes again") {
  const LogNotes log;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  reactor.every(1ms, [] { throw std::runtime_error("tick went wrong"); }).onError([&](const Error& error) {
    errors.add(error.what());
  });
  reactor.start();
  REQUIRE(errors.reach(3));
  CHECK(contains(errors.all().front(), "tick went wrong"));
}

TEST_CASE("a period has to be more than nothing, and may be as long as there is") {
  std::atomic<int> never{0};
  Notes<bool> ticks;
  MtMsgReactor reactor;
  CHECK(codeOf([&] { reactor.every(0ms, [] {}); }) == std::errc::invalid_argument);
  CHECK(codeOf([&] { reactor.every(-1ms, [] {}); }) == std::errc::invalid_argument);
  reactor.every(std::chrono::milliseconds::max(), [&] { ++never; });
  reactor.every(1ms, [&] { ticks.add(true); });
  reactor.start();
  REQUIRE(ticks.reach(3));
  CHECK(never == 0);
}
