#include <limits>

#include "kit.hpp"
#include "support/log_capture.hpp"
#include "support/tcp.hpp"

using namespace kit;

TEST_CASE("when a broker stops, what waits and what is in flight ends with an error") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("in flight"))});
  REQUIRE(worker.request());
  client.send({envelope(msg01("waiting"))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 1 && s.waiting == 1; }));
  broker.stop();
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.recv();
    REQUIRE(reply);
    CHECK(text(reply->back()) == "error 9");
  }
  const BrokerStats stats = broker.stats();
  CHECK(stats.errors == 2);
  CHECK(stats.inFlight + stats.waiting == 0);
}

TEST_CASE("a broker stops promptly, any number of times, from any thread, and frees its ports") {
  std::uint16_t front = 0, back = 0;
  {
    Broker broker(0, 0);
    front = broker.frontPort();
    back = broker.backPort();
    Thread a([&] { broker.stop(); });
    Thread b([&] { broker.stop(); });
    broker.stop();
  }
  Broker next(front, back);
  CHECK(next.frontPort() == front);
  CHECK(next.backPort() == back);
}

TEST_CASE("a port that is taken is an Error that names it") {
  Broker broker(0, 0);
  CHECK(codeOf([&] { Broker(broker.frontPort(), 0); }) == std::errc::address_in_use);
  CHECK(codeOf([&] { Broker(0, broker.backPort()); }) == std::errc::address_in_use);
  CHECK(support::contains(whatOf([&] { Broker(0, broker.backPort()); }), std::to_string(broker.backPort())));
}

TEST_CASE("a broker's options have to make sense") {
  const auto code = [](void (*change)(BrokerOptions&)) {
    BrokerOptions options;
    change(options);
    return codeOf([&] { Broker(0, 0, options); });
  };
  CHECK(code([](BrokerOptions& o) { o.heartbeat = 0ms; }) == std::errc::invalid_argument);
  CHECK(code([](BrokerOptions& o) { o.liveness = 0; }) == std::errc::invalid_argument);
  CHECK(code([](BrokerOptions& o) { o.maxAttempts = 0; }) == std::errc::invalid_argument);
  CHECK(code([](BrokerOptions& o) { o.maxWait = -1ms; }) == std::errc::invalid_argument);
  CHECK(code([](BrokerOptions& o) { o.handlerDeadline = -1ms; }) == std::errc::invalid_argument);
  CHECK(code([](BrokerOptions& o) { o.silentHandlerLimit = -1ms; }) == std::errc::invalid_argument);
  CHECK(!code([](BrokerOptions&) {}));
}

TEST_CASE("times that are for ever are not too long to reckon with") {
  constexpr auto forEver = std::chrono::milliseconds::max();
  BrokerOptions options;
  options.heartbeat = options.maxWait = options.handlerDeadline = options.silentHandlerLimit = forEver;
  options.liveness = std::numeric_limits<int>::max();
  Broker broker(0, 0, options);
  WorkerOptions lasting;
  lasting.heartbeat = forEver;
  Worker worker(back(broker), lasting);
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  RetryPolicy patient;
  patient.timeout = patient.pause = patient.pauseMax = patient.deadline = forEver;
  Client client(front(broker), patient);
  client.send(msg01("x"));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(static_cast<const Msg01&>(*reply).field1() == "x");
}

TEST_CASE("waiting for workers ends when they are there, or when time is up") {
  Broker broker(0, 0, calm());
  CHECK(broker.waitForWorkers(0, 0ms));
  CHECK(!broker.waitForWorkers(1, 20ms));
  RawWorker worker(broker);
  worker.registerBytes();
  CHECK(broker.waitForWorkers(1, kLimit));
}

TEST_CASE("junk on either port is counted, and harms nobody") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));

  RawDealer stranger(broker);
  stranger.send(Frames(65, "frame"));
  stranger.send(Frames(1000, ""));
  RawWorker impostor(broker);
  impostor.send({"no sign of life"});
  impostor.send({""});
  impostor.send({"no", "reply"});
  impostor.send({"", "", ""});
  impostor.send(Frames(65, "frame"));
  impostor.send({envelope(msg01("not a Heartbeat"))});
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.junk == 8; }));
  CHECK(broker.stats().workers == 1);
  CHECK(broker.stats().read == 0);

  for (const std::uint16_t port : {broker.frontPort(), broker.backPort()}) {
    auto http = support::TcpStream::connect(port);
    http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(http.endedByPeer());
    auto old = support::TcpStream::connect(port);
    old.send(std::string("\x01\x00\x05\x00hello", 9));
    CHECK(old.endedByPeer());
  }
  RawSocket wrongKind(ZMQ_SUB);
  wrongKind.connect(front(broker));

  Client client(front(broker), patient());
  CHECK(client.call<Msg01>(msg01("x")));
  CHECK(broker.stats().junk == 8);
}

TEST_CASE("an empty request is a request of plain bytes") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  RawDealer client(broker);
  client.send({""});
  const auto request = worker.request();
  REQUIRE(request);
  worker.reply(*request, "");
  CHECK(client.recv() == Frames{""});
}

TEST_CASE("bytes that only look like an envelope are replied to by the worker that cannot read them") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  RawDealer client(broker);
  msgEnvelope odd;
  odd.set_msgname("NoSuchType");
  odd.mutable_msg()->set_type_url("type.googleapis.com/NoSuchType");
  odd.mutable_msg()->set_value("x");
  client.send({odd.SerializeAsString()});
  auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "error 5");
  odd.mutable_msg()->set_type_url("type.googleapis.com/Msg01");
  odd.set_msgname("Msg01");
  client.send({odd.SerializeAsString()});
  reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "error 6");
}

TEST_CASE("replies for clients that are gone hold nothing up") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  std::optional<Frames> request;
  {
    RawDealer gone(broker);
    gone.send({"x"});
    request = worker.request();
    REQUIRE(request);
  }
  worker.reply(*request, "for nobody");
  RawDealer client(broker);
  client.send({"y"});
  request = worker.request();
  REQUIRE(request);
  worker.reply(*request, "for the client");
  CHECK(client.recv() == Frames{"for the client"});
  CHECK(broker.stats().replied == 2);
  CHECK(broker.stats().inFlight == 0);
}

TEST_CASE("a forked child can destroy its copies of a Broker, a Worker and a Client" *
          doctest::skip(!support::kCanForkAmidAllocations)) {
  auto broker = std::make_unique<Broker>(0, 0, calm());
  auto worker = std::make_unique<Worker>(back(*broker));
  worker->on([](const Msg01& m) { return m; });
  worker->start();
  auto client = std::make_unique<Client>(front(*broker), patient());
  REQUIRE(client->call<Msg01>(msg01("x")));
  CHECK(support::inFork([&] {
          broker->stop();
          worker->stop();
          support::expect(codeOf([&] { client->callBytes("x"); }) == Errc::otherProcess, "the client tells");
          broker.reset();
          worker.reset();
          client.reset();
        }) == "");
  CHECK(client->call<Msg01>(msg01("x")));
}

TEST_CASE("a request of more frames than its reply may have takes no worker out of service") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  for (std::size_t count = 60; count <= 70; ++count) {
    Frames frames(count, "step");
    frames.back() = envelope(msg01("x"));
    client.send(frames);
  }
  client.send({envelope(msg01("last"))});
  for (;;) {
    const auto reply = client.recv();
    REQUIRE(reply);
    if (reply->size() == 1) break;
  }
  const BrokerStats stats = broker.stats();
  CHECK(stats.inFlight == 0);
  CHECK(stats.junk > 0);
}

namespace {

/// Whether a client that reads was told of each of its requests by a broker that stopped.
bool tellsOfEachAtItsStop() {
  constexpr int kRequests = 5000;  // more than the queues to one client hold
  Broker broker(0, 0, calm());
  RawSocket reader(ZMQ_DEALER);
  reader.set(ZMQ_SNDHWM, 0);
  reader.set(ZMQ_RCVHWM, 0);
  reader.connect(front(broker));
  const std::string request = envelope(msg01("waits"));
  for (int i = 0; i < kRequests; ++i) reader.send({request});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == kRequests; }));
  broker.stop();
  int told = 0;
  while (told < kRequests && reader.recv(2s)) ++told;
  const BrokerStats stats = broker.stats();
  return told == kRequests && stats.errors == kRequests && stats.inFlight + stats.waiting == 0;
}

}  // namespace

TEST_CASE("a broker that stops delivers every outcome to a client that reads, however many") {
  CHECK(eventually(tellsOfEachAtItsStop));  // stop() waits a second at most, which a busy machine may need
}

TEST_CASE("a worker at the front port is told from a client, and said in words") {
  support::LogCapture log;
  Broker broker(0, 0, calm());
  RawDealer misplaced(broker);
  misplaced.send({heartbeat("raw worker")});
  CHECK(log.wait("workers connect to the back port " + std::to_string(broker.backPort())));
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.junk == 1 && s.read == 0; }));
}

TEST_CASE("a client at the back port is said in words") {
  support::LogCapture log;
  Broker broker(0, 0, calm());
  RawSocket misplaced(ZMQ_DEALER);
  misplaced.connect(back(broker));
  misplaced.send({envelope(msg01("a request"))});
  CHECK(log.wait("is a client connected to it?"));
}

TEST_CASE("a Worker at the front port and a Client at the back port are said in words") {
  support::LogCapture log(dividere::LogLevel::warning);
  Broker broker(0, 0, calm());
  Worker worker(front(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  CHECK(log.wait("a worker seems to be connected to the front port " + std::to_string(broker.frontPort()) +
                 ", which is for clients"));
  Client client(back(broker));
  client.send(msg01("a request"));
  CHECK(log.wait("what came to the back port is neither a worker's reply nor its sign of life; is a client connected"));
}

TEST_CASE("a broker can be stopped by whoever takes its log") {
  struct Restore {
    ~Restore() { dividere::setLogHandler(nullptr); }
  } restore;
  Event told;
  {
    Broker broker(0, 0, calm());
    dividere::setLogHandler([&](dividere::LogLevel, std::string_view, std::string_view text) {
      if (text.find("back port") == std::string_view::npos) return;
      broker.stop();
      told.happen();
    });
    RawDealer misplaced(broker);
    misplaced.send({heartbeat("raw worker")});
    CHECK(told.wait());
    broker.stop();
  }
}

TEST_CASE("a broker's statistics tell what waits at its front, and what it refused") {
  BrokerOptions options = calm();
  options.maxWaiting = 1;
  Broker broker(0, 0, options);
  RawDealer client(broker);
  client.send({envelope(msg01("waits"))});
  client.send({envelope(msg01("one too many"))});
  const auto refusal = client.recv();
  REQUIRE(refusal);
  CHECK(text(refusal->back()) == "error 2");
  const auto ofFront = [&] {
    for (dividere::Statistics& each : dividere::statistics()) {
      if (support::contains(each.endpoint, ":" + std::to_string(broker.frontPort()))) return std::move(each);
    }
    return dividere::Statistics();
  };
  CHECK(support::eventually([&] { return ofFront().queue == 1 && ofFront().refused == 1; }));
  broker.stop();
}
