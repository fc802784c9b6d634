#include <limits>

#include "kit.hpp"
#include "support/memory.hpp"

using namespace kit;

TEST_CASE("requests go to idle workers in turn") {
  Broker broker(0, 0, calm());
  RawWorker a(broker), b(broker), c(broker);
  std::size_t there = 0;
  for (RawWorker* worker : {&a, &b, &c}) {
    worker->registerBytes();
    REQUIRE(broker.waitForWorkers(++there, kLimit));
  }
  RawDealer client(broker);
  for (int i = 0; i < 6; ++i) {
    client.send({std::to_string(i)});
    RawWorker& next = i % 3 == 0 ? a : i % 3 == 1 ? b : c;
    const auto request = next.request();
    REQUIRE(request);
    CHECK(request->back() == std::to_string(i));
    next.reply(*request, "done");
    REQUIRE(client.recv());
  }
}

TEST_CASE("a worker is given one request at a time, and the rest wait in the order they came") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  for (int i = 0; i < 3; ++i) client.send({std::to_string(i)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == 3; }));
  CHECK(broker.stats().inFlight == 1);
  CHECK(broker.stats().waiting == 2);
  for (int i = 0; i < 3; ++i) {
    const auto request = worker.request();
    REQUIRE(request);
    CHECK(request->back() == std::to_string(i));
    worker.reply(*request, "done");
  }
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.replied == 3; }));
}

TEST_CASE("a Worker with a capacity is given as many at a time, and handles them one by one, in order") {
  Broker broker(0, 0, calm());
  Event release;
  Notes<int> handled;
  WorkerOptions options;
  options.capacity = 3;
  Worker worker(back(broker), options);
  worker.on([&](const Msg02& m) {
    handled.add(m.field2());
    release.wait();
    return m;
  });
  worker.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  for (int i = 0; i < 5; ++i) client.send({envelope(msg02("x", i))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 3 && s.waiting == 2; }));
  REQUIRE(handled.reach(1));
  CHECK(handled.count() == 1);
  release.happen();
  for (int i = 0; i < 5; ++i) REQUIRE(client.recv());
  CHECK(handled.all() == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("requests that come before any worker wait for one") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  client.send({envelope(msg01("early"))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1; }));
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "early");
}

namespace {

constexpr std::size_t kClientId = 5;  // bytes by which a ROUTER names a peer that has not named itself

}  // namespace

TEST_CASE("one request more than may wait is refused at once, and those that wait are still served") {
  BrokerOptions options = calm();
  SUBCASE("counted") { options.maxWaiting = 2; }
  SUBCASE("by their bytes") { options.maxWaitingBytes = 2 * (envelope(msg01("0")).size() + kClientId); }
  Broker broker(0, 0, options);
  RawDealer client(broker);
  for (int i = 0; i < 3; ++i) client.send({envelope(msg01(std::to_string(i)))});
  const auto refused = client.recv();
  REQUIRE(refused);
  CHECK(text(refused->back()) == "error 2");
  CHECK(broker.stats().waiting == 2);
  CHECK(broker.stats().errors == 1);

  RawWorker worker(broker);
  worker.beatTyped();
  for (int i = 0; i < 2; ++i) {
    const auto request = worker.request();
    REQUIRE(request);
    CHECK(text(request->back()) == std::to_string(i));
    worker.reply(*request, envelope(msg01("done")));
    REQUIRE(client.recv());
  }
}

TEST_CASE("a Client is told that the broker is overloaded") {
  BrokerOptions options = calm();
  options.maxWaiting = 0;
  Broker broker(0, 0, options);
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg01("x")); }) == Errc::overloaded);
  CHECK(codeOf([&] { client.callBytes("x"); }) == Errc::overloaded);
}

TEST_CASE("a request that has waited too long is replied to: no worker, or too few of them") {
  BrokerOptions options = calm();
  options.maxWait = 50ms;
  Broker broker(0, 0, options);
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg01("x")); }) == Errc::noWorker);
  CHECK(codeOf([&] { client.callBytes("x"); }) == Errc::noWorker);

  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer first(broker);
  first.send({"keeps the worker"});
  REQUIRE(worker.request());
  CHECK(codeOf([&] { client.callBytes("x"); }) == Errc::overloaded);
}

TEST_CASE("a byte client is told of an error only if it put a correlation frame in front") {
  BrokerOptions options = calm();
  options.maxWaiting = 0;
  Broker broker(0, 0, options);
  RawDealer client(broker);
  client.send({"plain"});
  const std::string id = correlation('c', '\1');
  client.send({id, "correlated"});
  const auto reply = client.recv();
  REQUIRE(reply);
  REQUIRE(reply->size() == 2);
  CHECK(reply->front() == id);
  CHECK(text(reply->back()) == "error 2");
  CHECK(broker.stats().errors == 2);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("replies to a client that does not read are kept for it, and others are served meanwhile") {
  constexpr int kMany = 6000;
  Broker broker(0, 0, calm());
  const std::string large(2000, 'x');
  Worker worker(back(broker));
  worker.onBytes([&](std::string_view bytes) { return std::string(bytes) + large; });
  worker.start();
  RawSocket idler(ZMQ_DEALER);
  idler.set(ZMQ_RCVHWM, 1);
  idler.set(ZMQ_RCVBUF, 4096);
  idler.connect(front(broker));
  for (int i = 0; i < kMany; ++i) idler.send({std::to_string(i)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == kMany && s.waiting == 0 && s.inFlight > 1; }));
  Client client(front(broker), patient());
  CHECK(client.callBytes("me") == "me" + large);
  CHECK(addsUp(broker.stats()));
  for (int i = 0; i < kMany; ++i) {
    const auto reply = idler.recv();
    REQUIRE(reply);
    REQUIRE(reply->back() == std::to_string(i) + large);
  }
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 0 && s.replied == kMany + 1; }));
}

TEST_CASE("no more replies are kept for a client that takes none than requests may wait") {
  BrokerOptions options = calm();
  options.maxWaiting = 10;
  Broker broker(0, 0, options);
  const std::string large(20000, 'x');
  Worker worker(back(broker));
  worker.onBytes([&](std::string_view) { return large; });
  worker.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawSocket idler(ZMQ_DEALER);
  idler.set(ZMQ_RCVHWM, 1);
  idler.connect(front(broker));
  // Slower than they are replied to, so that none is refused for want of room to wait.
  for (std::uint64_t i = 1; i <= 1500; ++i) {
    idler.send({"x"});
    REQUIRE(reaches(broker, [&](const BrokerStats& s) { return s.read == i && s.waiting == 0; }));
  }
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.errors > 0; }));
  CHECK(broker.stats().inFlight <= 11);
  Client client(front(broker), patient());
  CHECK(client.callBytes("me") == large);
}

TEST_CASE("the figures add up whenever they are looked at, under load") {
  Broker broker(0, 0, calm());
  Worker a(back(broker)), b(back(broker));
  for (Worker* worker : {&a, &b}) {
    worker->onBytes([](std::string_view bytes) { return std::string(bytes); });
    worker->start();
  }
  std::atomic<bool> done{false};
  std::uint64_t samples = 0, wrong = 0;
  {
    Thread sampler([&] {
      while (!done) {
        ++samples;
        if (!addsUp(broker.stats())) ++wrong;
      }
    });
    RawDealer client(broker);
    constexpr int kMany = 3000;
    for (int i = 0; i < 100; ++i) client.send({"x"});
    int received = 0;
    for (int i = 100; i < kMany; ++i, ++received) {
      if (!client.recv()) break;
      client.send({"x"});
    }
    while (received < kMany && client.recv()) ++received;
    CHECK(received == kMany);
    done = true;
  }
  CHECK(samples > 0);
  CHECK(wrong == 0);
  const BrokerStats stats = broker.stats();
  CHECK(stats.read == 3000);
  CHECK(stats.replied == 3000);
  CHECK(stats.late == 0);
}

namespace {

constexpr std::size_t kBig = 1024 * 1024;
constexpr int kManyBig = 100;

/// Replies to each request with a MiB.
struct BigWorker : Worker {
  explicit BigWorker(const Broker& broker) : Worker(back(broker)) {
    onBytes([this](std::string_view) {
      handled.add(1);
      return std::string(kBig, 'b');
    });
    start();
  }
  ~BigWorker() { stop(); }
  Notes<int> handled;
};

/// Asks for so many of these, and takes what libzmq does by itself: one message.
struct LazyClient : RawSocket {
  explicit LazyClient(const Broker& broker) : RawSocket(ZMQ_DEALER) {
    set(ZMQ_RCVHWM, 1);
    connect(front(broker));
    for (int i = 0; i < kManyBig; ++i) send({"id of the request", "more, please"});
  }
};

}  // namespace

TEST_CASE(
    "big replies to a client that reads nothing stay with the broker, where they are counted, and come when it reads") {
  Broker broker(0, 0, calm());
  BigWorker worker(broker);
  LazyClient client(broker);
  REQUIRE(worker.handled.reach(kManyBig));
  // All but a window, and what is in the kernel's buffers.
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == kManyBig && s.waiting == 0; }));
  CHECK(broker.stats().inFlight > kManyBig / 2);
  for (int i = 0; i < kManyBig; ++i) {
    const auto reply = client.recv();
    REQUIRE(reply);
    REQUIRE(reply->back().size() == kBig);
  }
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.replied == kManyBig && s.inFlight == 0; }));
}

TEST_CASE("a client that reads nothing costs no more than is kept: the rest of its big replies is dropped or refused") {
  BrokerOptions options = calm();
  options.maxWaitingBytes = 8 * kBig;
  const std::size_t before = support::bytesInUse();
  Broker broker(0, 0, options);
  BigWorker worker(broker);
  LazyClient client(broker);
  REQUIRE(worker.handled.reach(kManyBig));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == kManyBig && s.inFlight <= 8 + 1; }));
  // These, a window, and what the two ends of the connection have at hand.
  CHECK(eventually([&] { return support::bytesInUse() < before + 40 * kBig; }));
  REQUIRE(eventually([&] {
    client.send({correlation('c', 1), "one more"});
    return broker.stats().errors > 0;
  }));
  int came = 0;
  for (; broker.stats().inFlight > 0; ++came) REQUIRE(client.recv());
  client.send({correlation('c', 2), "and the last"});
  for (auto reply = client.recv(); reply && reply->front() != correlation('c', 2); reply = client.recv()) ++came;
  CHECK(came >= 8);
  CHECK(came < kManyBig / 2);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("a worker that claims any capacity is given a thousand requests at a time") {
  Broker broker(0, 0, calm());
  RawWorker greedy(broker);
  Heartbeat beat;
  beat.set_id("greedy");
  beat.set_capacity(std::numeric_limits<std::uint32_t>::max());
  greedy.send({envelope(beat)});
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  constexpr int kMany = 1100;
  for (int i = 0; i < kMany; ++i) client.send({envelope(msg01("x"))});
  std::vector<Frames> requests;
  for (int i = 0; i < 1000; ++i) {
    const auto request = greedy.request();
    REQUIRE(request);
    requests.push_back(*request);
  }
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 1000 && s.waiting == kMany - 1000; }));
  greedy.reply(requests.front(), envelope(msg01("y")));
  CHECK(greedy.request());
}

TEST_CASE("of the requests that wait, the one of the highest priority is given out first") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  for (const std::uint32_t priority : {0u, 5u, 4000000000u, 5u}) {
    msgEnvelope made;
    REQUIRE(made.ParseFromString(envelope(msg01(std::to_string(priority)))));
    made.set_priority(priority);
    client.send({made.SerializeAsString()});
  }
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 4; }));
  RawWorker worker(broker);
  worker.beatTyped();
  for (const char* text : {"4000000000", "5", "5", "0"}) {
    const auto request = worker.request();
    REQUIRE(request);
    CHECK(kit::text(request->back()) == text);
    worker.reply(*request, envelope(msg01("done")));
  }
}
