// stop(): from anywhere, at any time, as often as one likes.

#include "kit.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

Msg01 same(const Msg01& message) { return message; }

bool canBind(const std::string& endpoint) {
  try {
    Response response(endpoint, bound());
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

// --- When ---

TEST_CASE("a reactor that was never started may be stopped, and destroyed without") {
  { MtMsgReactor reactor; }
  {
    MtMsgReactor reactor;
    addResponse(reactor);
    reactor.on(same).every(1ms, [] {});
    reactor.post([] {});
  }
  MtMsgReactor reactor;
  addResponse(reactor);
  reactor.stop();
  reactor.stop();
}

TEST_CASE("stop() twice, and the destructor after it, do no more than once") {
  MtMsgReactor reactor;
  addResponse(reactor);
  reactor.on(same);
  reactor.start();
  reactor.stop();
  reactor.stop();
}

TEST_CASE("a reactor stopped before start() handles nothing when it is started, and takes no second start()") {
  const std::string endpoint = unique("stopped");
  Dealer dealer(endpoint, bound()), peer(endpoint);
  peer.send(msg01("unheard"));
  std::atomic<int> calls{0};
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg01&) { ++calls; });
  reactor.post([&] { ++calls; });
  reactor.stop();
  reactor.start();
  CHECK(codeOf([&] { reactor.start(); }) == Errc::outOfTurn);
  reactor.stop();
  CHECK(calls == 0);
}

TEST_CASE("stop() closes the sockets, whether the reactor was started or not") {
  for (const bool started : {true, false}) {
    CAPTURE(started);
    MtMsgReactor reactor;
    const std::string response = addResponse(reactor), dealer = addDealer(reactor);
    reactor.on(same);
    if (started) reactor.start();
    CHECK_FALSE(canBind(response));
    reactor.stop();
    CHECK(canBind(response));
    CHECK(canBind(dealer));
  }
}

// --- From where ---

TEST_CASE("stop() from an event handler of one of its sockets") {
  dividere::connection::SocketOptions options;
  MtMsgReactor reactor;
  Event stopped;
  options.onEvent = [&](const dividere::connection::SocketEvent& event) {
    if (event.type != dividere::connection::EventType::handshakeSucceeded) return;
    reactor.stop();
    stopped.happen();
  };
  const std::string endpoint = addResponse(reactor, options);
  reactor.on(same);
  reactor.start();
  const Request peer(endpoint);
  CHECK(stopped.wait());
  reactor.stop();
  CHECK(canBind(endpoint));
}

TEST_CASE("several threads may stop a reactor at the same time, and each finds it stopped") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> inside{false};
    std::atomic<int> early{0};
    MtMsgReactor reactor;
    const std::string endpoint = addResponse(reactor);
    const std::function<void()> again = [&] {
      inside = true;
      reactor.post(again);
      inside = false;
    };
    reactor.post(again);
    reactor.start();
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        reactor.stop();
        for (int look = 0; look < 100; ++look) early += inside ? 1 : 0;
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(early == 0);
    CHECK(canBind(endpoint));
  }
}

TEST_CASE("a reactor may be stopped by a handler, a hook, a timer or a posted function, which are finished first") {
  const LogNotes log;
  std::atomic<bool> finished{false};
  Event stopped;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  const auto stop = [&] {
    reactor.stop();
    reactor.stop();
    finished = true;
  };
  reactor.on([&](const Msg01& message) {
    stop();
    return message;
  });
  reactor.on([](const Msg02&) { throw 1; });
  SUBCASE("a handler") {
    reactor.start();
    Request request(endpoint);
    CHECK(ask(request, msg01("the last reply")) == "the last reply");
  }
  SUBCASE("onError") {
    reactor.onError([&](const Error&) { stop(); });
    reactor.start();
    Request request(endpoint);
    CHECK(startsWith(ask(request, msg02("", 1)), "error 3: "));
  }
  SUBCASE("onUnknown") {
    reactor.onUnknown([&](const std::string&) { stop(); });
    reactor.start();
    Request request(endpoint);
    CHECK(startsWith(ask(request, Empty01()), "error 5: "));
  }
  SUBCASE("a timer") {
    reactor.every(1ms, [&] {
      stop();
      stopped.happen();
    });
    reactor.start();
    REQUIRE(stopped.wait());
  }
  SUBCASE("a posted function") {
    reactor.post([&] {
      stop();
      stopped.happen();
    });
    reactor.start();
    REQUIRE(stopped.wait());
  }
  reactor.stop();  // also from here, which waits
  CHECK(finished);
  CHECK(canBind(endpoint));
}

TEST_CASE("a reactor stopped by its handler may be destroyed at once by another thread") {
  for (int round = 0; round < 50; ++round) {
    Event stopping;
    auto reactor = std::make_unique<MtMsgReactor>();
    reactor->post([&, which = reactor.get()] {
      which->stop();
      stopping.happen();
    });
    reactor->start();
    REQUIRE(stopping.wait());
    reactor.reset();
  }
}

// --- Amid what ---

TEST_CASE("the message being handled is finished, and its reply sent, before stop() returns") {
  Event handling, stopping;
  std::atomic<bool> finished{false};
  MtMsgReactor reactor, helper;
  const std::string endpoint = addResponse(reactor), helping = addResponse(helper);
  helper.on(same);
  helper.start();
  reactor.on([&](const Msg01& message) {
    handling.happen();
    stopping.wait();
    Request request(helping);  // something that takes a while
    for (int i = 0; i < 100; ++i) ask(request, msg01(""));
    finished = true;
    return message;
  });
  reactor.start();
  Request request(endpoint);
  request.send(msg01("finished"));
  REQUIRE(handling.wait());
  std::thread stopper([&] {
    stopping.happen();
    reactor.stop();
    CHECK(finished);
  });
  CHECK(request.recv<Msg01>(kLimit)->field1() == "finished");
  stopper.join();
}

TEST_CASE("messages that are still waiting when stop() is called are not handled") {
  const std::string endpoint = unique("waiting");
  Dealer dealer(endpoint, bound()), peer(endpoint);
  for (int i = 0; i < 500; ++i) peer.send(msg01(""));
  std::atomic<int> handled{0};
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg01&) {
    if (++handled == 3) reactor.stop();
  });
  reactor.start();
  reactor.post([] {});
  while (handled < 3) std::this_thread::yield();
  reactor.stop();
  CHECK(handled == 3);
}

TEST_CASE("a derived class that stops in its destructor has its members to the end") {
  class Counting : public MtMsgReactor {
   public:
    Counting() {
      on(&Counting::count);
      every(1ms, [this] { numbers_.push_back(0); });
    }
    ~Counting() { stop(); }

   private:
    void count(const Msg02& message) { numbers_.push_back(message.field2()); }
    std::vector<int> numbers_;
  };
  for (int round = 0; round < 50; ++round) {
    const std::string endpoint = unique("derived");
    Dealer dealer(endpoint, bound()), peer(endpoint);
    Counting counting;
    counting.add(std::move(dealer));
    counting.start();
    for (int i = 0; i < 100; ++i) peer.send(msg02("", i));
  }
}

TEST_CASE("a reactor stops a thousand times amid everything at once") {
  // One who publishes without pause, one who asks, one who posts; each round has a new reactor for them.
  Publisher publisher("tcp://127.0.0.1:*");
  const std::string published = publisher.endpoint();
  std::atomic<bool> over{false};
  std::thread publishing([&] {
    while (!over) {
      publisher.send(msg01("published"));
      std::this_thread::yield();
    }
  });
  const std::string endpoint = unique("under-load");
  std::mutex mutex;
  MtMsgReactor* current = nullptr;
  std::thread posting([&] {
    while (!over) {
      std::lock_guard<std::mutex> lock(mutex);
      if (current) current->post([] {});
    }
  });
  for (int round = 0; round < 1000; ++round) {
    Notes<bool> heard;
    MtMsgReactor reactor;
    Dealer dealer(endpoint, unbounded(bound())), peer(endpoint, unbounded());
    for (int i = 0; i < 50; ++i) peer.send(msg02("", i));
    reactor.add(std::move(dealer))
        .every(1ms, [] {})
        .on([&](const Msg01&) { heard.add(true); })
        .on([&](const Msg02&, Sender& sender) {
          heard.add(true);
          sender.send(Empty01());
        });
    if (round % 10 == 0) reactor.add(Subscriber(published));
    reactor.start();
    {
      std::lock_guard<std::mutex> lock(mutex);
      current = &reactor;
    }
    REQUIRE(heard.reach(round % 10 == 0 ? 60 : 1));
    {
      std::lock_guard<std::mutex> lock(mutex);
      current = nullptr;
    }
    reactor.stop();
  }
  over = true;
  posting.join();
  publishing.join();
}
