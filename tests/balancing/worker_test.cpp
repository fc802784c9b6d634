#include <signal.h>

#include "kit.hpp"

using namespace kit;

TEST_CASE("a Worker registers with a broker that comes after it, and with the next one on the same port") {
  const Ports ports;
  const std::string frontPort = ports.front(), backPort = ports.back();
  Program first("balancing_broker", {frontPort, backPort, "60000"});
  REQUIRE(first.line() == frontPort);
  Worker worker("tcp://127.0.0.1:" + backPort, withHeartbeat(100ms));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  Client client("tcp://127.0.0.1:" + frontPort, tries(100, 200ms));
  CHECK(client.call<Msg01>(msg01("x")));
  first.kill();
  first.status();
  for (int restart = 0; restart < 2; ++restart) {
    Program next("balancing_broker", {frontPort, backPort, "60000"});
    REQUIRE(next.line() == frontPort);
    CHECK(client.call<Msg01>(msg01("x")));
  }
}

TEST_CASE("a Worker that stops finishes the request at hand, replies to it, and gives the others back") {
  Broker broker(0, 0, calm());
  HeldWorker held(broker, "by the one that leaves");
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("at hand"))});
  client.send({envelope(msg01("not begun"))});
  REQUIRE(held.handling.wait());
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 2; }));
  {
    Event stopping;
    Thread stopper([&] {
      stopping.happen();
      held.worker.stop();
    });
    REQUIRE(stopping.wait());
    held.release.happen();
  }
  const auto first = client.recv();
  REQUIRE(first);
  CHECK(text(first->back()) == "by the one that leaves");
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));

  Worker staying(back(broker));
  staying.on([](const Msg01& m) { return m; });
  staying.start();
  const auto second = client.recv();
  REQUIRE(second);
  // Unless its handler had begun already when stop() came.
  if (held.handled.count() == 1) CHECK(text(second->back()) == "not begun");
  CHECK(broker.stats().replied == 2);
  CHECK(broker.stats().late == 0);
}

TEST_CASE("a Worker that says goodbye is no death, and is known to be gone without its connection's end") {
  BrokerOptions options = calm();
  options.maxAttempts = 1;  // a death more and the request is given up
  Broker broker(0, 0, options);
  RawWorker leaving(broker);
  Heartbeat beat;
  beat.set_id("leaving");
  beat.set_capacity(1);
  leaving.send({envelope(beat)});
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("x"))});
  REQUIRE(leaving.request());
  beat.set_goodbye(true);
  leaving.send({envelope(beat)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 0 && s.waiting == 1; }));
  RawWorker other(broker);
  other.beatTyped();
  const auto request = other.request();
  REQUIRE(request);
  other.reply(*request, envelope(msg01("y")));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "y");
}

TEST_CASE("a Worker's goodbye is the last thing it says, whatever its dialect") {
  RawSocket broker(ZMQ_ROUTER);
  const std::string endpoint = broker.bind();
  Worker worker(endpoint);
  bool typed = false;
  SUBCASE("typed") {
    typed = true;
    worker.on([](const Msg01& m) { return m; });
  }
  SUBCASE("bytes") {
    worker.onBytes([](std::string_view bytes) { return std::string(bytes); });
  }
  worker.start();
  const auto hello = broker.recv();
  REQUIRE(hello);
  if (!typed) REQUIRE(broker.recv());
  // As a dividere Broker names an attempt: only such a one understands a goodbye.
  const std::string token = std::string("\0dividere", 9) + std::string(16, 'r');
  broker.send({hello->front(), token, typed ? envelope(msg01("x")) : std::string("x")});
  const auto reply = broker.recv();
  REQUIRE(reply);
  CHECK((*reply)[1] == token);
  worker.stop();
  const auto goodbye = broker.recv();
  REQUIRE(goodbye);
  msgEnvelope opened;
  Heartbeat beat;
  REQUIRE(opened.ParseFromString(goodbye->back()));
  REQUIRE(opened.msg().UnpackTo(&beat));
  CHECK(beat.goodbye());
  CHECK(!broker.recv(kShort));
}

TEST_CASE("a Worker stops promptly: idle, twice, before start, and without a broker") {
  Broker broker(0, 0, calm());
  {
    Worker worker(back(broker));
    worker.on([](const Msg01& m) { return m; });
    worker.start();
    REQUIRE(broker.waitForWorkers(1, kLimit));
    worker.stop();
    worker.stop();
    CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
  }
  {
    Worker never(back(broker));
    never.on([](const Msg01& m) { return m; });
    never.stop();
    never.start();  // does nothing
    CHECK(!broker.waitForWorkers(1, kShort));
  }
  Worker alone("tcp://127.0.0.1:1");
  alone.on([](const Msg01& m) { return m; });
  alone.start();
  alone.stop();
}

TEST_CASE("a Worker can be stopped from its own handler: the reply still goes out") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([&](const Msg01& m) {
    worker.stop();
    return m;
  });
  worker.start();
  Client client(front(broker), patient());
  CHECK(client.call<Msg01>(msg01("x")));
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
}

TEST_CASE("a Worker is stopped by several threads at once, and while it starts") {
  for (int i = 0; i < 20; ++i) {
    Worker worker("tcp://127.0.0.1:1");
    worker.on([](const Msg01& m) { return m; });
    Thread a([&] { worker.stop(); });
    Thread b([&] { worker.stop(); });
    worker.start();
  }
}

TEST_CASE("a handler that throws is reported, and the Worker goes on") {
  Broker broker(0, 0, calm());
  Notes<std::string> reported;
  Worker worker(back(broker));
  worker.on([](const Msg01& m) -> Msg01 {
    if (m.field1() == "bad") throw std::runtime_error("no such thing");
    return m;
  });
  worker.onError([&](const std::string& what) { reported.add(what); });
  worker.start();
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg01("bad")); }) == Errc::handlerFailed);
  CHECK(client.call<Msg01>(msg01("good")));
  REQUIRE(reported.count() == 1);
  CHECK(support::contains(reported.all()[0], "no such thing"));
  CHECK(worker.handlerStats().failed == 1);
}

TEST_CASE("a handler replies once: with its Sender or its result, and one that does not is told on") {
  Broker broker(0, 0, calm());
  Notes<bool> refused;
  Worker worker(back(broker));
  worker.on([&](const Msg01& m, dividere::reactor::Sender& sender) {
    if (m.field1() == "silent") return;
    sender.send(m);
    refused.add(codeOf([&] { sender.send(m); }) == Errc::outOfTurn);
  });
  worker.start();
  Client client(front(broker), patient());
  CHECK(client.call<Msg01>(msg01("x")));
  REQUIRE(refused.reach(1));
  CHECK(refused.all()[0]);
  CHECK(codeOf([&] { client.call<Msg01>(msg01("silent")); }) == Errc::handlerFailed);
}

TEST_CASE("a Worker's options, endpoint and handlers have to make sense") {
  CHECK(codeOf([] { Worker("nonsense"); }) == Errc::badEndpoint);
  CHECK(codeOf([] { Worker("tcp://127.0.0.1:1", withHeartbeat(0ms)); }) == std::errc::invalid_argument);
  WorkerOptions none;
  none.capacity = 0;
  CHECK(codeOf([&] { Worker("tcp://127.0.0.1:1", none); }) == std::errc::invalid_argument);
  Worker both("tcp://127.0.0.1:1");
  both.on([](const Msg01& m) { return m; });
  both.onBytes([](std::string_view) { return std::string(); });
  CHECK(codeOf([&] { both.start(); }) == Errc::outOfTurn);
  Worker twice("tcp://127.0.0.1:1");
  twice.on([](const Msg01& m) { return m; });
  twice.start();
  CHECK(codeOf([&] { twice.start(); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { twice.onBytes([](std::string_view) { return std::string(); }); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { twice.on([](const Msg02& m) { return m; }); }) == Errc::outOfTurn);
  CHECK(twice.endpoint() == "tcp://127.0.0.1:1");
}

TEST_CASE("what a Worker of plain bytes has handled is counted") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.onBytes([](std::string_view bytes) { return std::string(bytes); });
  worker.start();
  RawDealer client(broker);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    client.send({"x"});
    CHECK(client.recv() == Frames{"x"});
    CHECK(eventually([&] { return worker.handlerStats().handled == i; }));
  }
}

TEST_CASE("a Worker can be stopped by whoever takes its log, in its own threads") {
  struct Restore {
    ~Restore() { dividere::setLogHandler(nullptr); }
  } restore;
  RawSocket broker(ZMQ_ROUTER);
  Worker worker(broker.bind());
  worker.on([](const Msg01& m) { return m; });
  Event told;
  dividere::setLogHandler(
      [&](dividere::LogLevel, std::string_view component, std::string_view) {
        if (component != "balancing::Worker") return;
        worker.stop();
        told.happen();
      },
      dividere::LogLevel::warning);
  worker.start();
  const auto hello = broker.recv();
  REQUIRE(hello);
  broker.send({hello->front(), "junk"});
  CHECK(told.wait());
  worker.stop();
}

TEST_CASE("a Worker says nothing but its reply to a Python broker while it works: that would take it for idle") {
  RawSocket python(ZMQ_ROUTER);
  Event handling, release;
  Worker worker(python.bind(), withHeartbeat(20ms));
  std::string request = "x", ask = "\x02";
  SUBCASE("typed") {
    request = envelope(msg01("x"));
    ask = heartbeat("python");
    worker.on([&](const Msg01& m) {
      handling.happen();
      release.wait();
      return m;
    });
  }
  SUBCASE("bytes") {
    worker.onBytes([&](std::string_view bytes) {
      handling.happen();
      release.wait();
      return std::string(bytes);
    });
  }
  std::thread replying;
  SUBCASE("typed, and replied to later") {
    request = envelope(msg01("x"));
    ask = heartbeat("python");
    worker.on([&](const Msg01& m, dividere::reactor::Sender& sender) {
      replying = std::thread([&, m, later = sender.defer()]() mutable {
        handling.happen();
        release.wait();
        later.send(m);
      });
    });
  }
  worker.start();
  const auto hello = python.recv();
  REQUIRE(hello);
  const std::string id = hello->front();
  for (int i = 0; i < 3; ++i) REQUIRE(python.recv());  // idle, it gives signs of life
  python.send({id, "client", request});
  REQUIRE(handling.wait());
  python.send({id, ask});
  int signs = 0;  // those that crossed the request
  while (signs < 10 && python.recv(5 * kShort)) ++signs;
  CHECK(signs < 10);
  release.happen();
  auto reply = python.recv();
  if (reply && reply->back() == "\x01") reply = python.recv();  // registers, in bytes
  CHECK(reply == Frames{id, "client", request});
  const auto sign = python.recv();  // which it was asked for meanwhile
  REQUIRE(sign);
  CHECK(sign->size() == 2);
  worker.stop();
  if (replying.joinable()) replying.join();
}

TEST_CASE("a Worker of several brokers serves them all, each in the order its requests came") {
  Broker a(0, 0, calm()), b(0, 0, calm());
  Event handling, release;
  Notes<std::string> handled;
  WorkerOptions four;
  four.capacity = 4;
  Worker worker({back(a), back(b)}, four);
  CHECK(worker.endpoints() == std::vector<std::string>{back(a), back(b)});
  CHECK(worker.endpoint() == back(a));
  worker.on([&](const Msg01& m) {
    handled.add(m.field1());
    handling.happen();
    release.wait();
    return m;
  });
  worker.start();
  REQUIRE(a.waitForWorkers(1, kLimit));
  REQUIRE(b.waitForWorkers(1, kLimit));
  RawDealer toA(a), toB(b);
  toA.send({envelope(msg01("a0"))});
  REQUIRE(handling.wait());
  for (const char* text : {"a1", "a2", "a3"}) toA.send({envelope(msg01(text))});
  for (const char* text : {"b0", "b1", "b2"}) toB.send({envelope(msg01(text))});
  REQUIRE(reaches(a, [](const BrokerStats& s) { return s.inFlight == 4; }));
  REQUIRE(reaches(b, [](const BrokerStats& s) { return s.inFlight == 3; }));
  release.happen();
  for (const char* text : {"a0", "a1", "a2", "a3"}) {
    const auto reply = toA.recv();
    REQUIRE(reply);
    CHECK(kit::text(reply->back()) == text);
  }
  for (const char* text : {"b0", "b1", "b2"}) {
    const auto reply = toB.recv();
    REQUIRE(reply);
    CHECK(kit::text(reply->back()) == text);
  }
}

TEST_CASE("a broker that is down keeps a Worker from no other, and is served when it comes") {
  const Ports ports;
  const std::string frontPort = ports.front(), backPort = ports.back();
  Program gone("balancing_broker", {frontPort, backPort, "60000"});
  REQUIRE(gone.line() == frontPort);
  Broker here(0, 0, calm());
  bool bytes = false;
  SUBCASE("typed") {}
  SUBCASE("bytes") { bytes = true; }
  Worker worker({"tcp://127.0.0.1:" + backPort, back(here)}, withHeartbeat(100ms));
  if (bytes) {
    worker.onBytes([](std::string_view request) { return std::string(request); });
  } else {
    worker.on([](const Msg01& m) { return m; });
  }
  worker.start();
  Client client(front(here), patient()), other("tcp://127.0.0.1:" + frontPort, tries(100, 200ms));
  const auto works = [&](Client& by) {
    return bytes ? by.callBytes("x").has_value() : by.call<Msg01>(msg01("x")).has_value();
  };
  CHECK(works(other));
  gone.kill();
  gone.status();
  CHECK(works(client));
  Program next("balancing_broker", {frontPort, backPort, "60000"});
  REQUIRE(next.line() == frontPort);
  CHECK(works(other));
  CHECK(works(client));
}

TEST_CASE("a Worker gives each of its brokers signs of life while it works for one, and says goodbye to each") {
  RawSocket a(ZMQ_ROUTER), b(ZMQ_ROUTER);
  Event handling, release;
  Worker worker({a.bind(), b.bind()}, withHeartbeat(20ms));
  worker.on([&](const Msg01& m) {
    handling.happen();
    release.wait();
    return m;
  });
  worker.start();
  const auto helloA = a.recv(), helloB = b.recv();
  REQUIRE(helloA);
  REQUIRE(helloB);
  Heartbeat ours;  // as a dividere Broker asks
  ours.set_id("dividere broker");
  ours.set_capacity(1);
  b.send({helloB->front(), envelope(ours)});
  const std::string token = std::string("\0dividere", 9) + std::string(16, 'r');
  a.send({helloA->front(), token, envelope(msg01("x"))});
  REQUIRE(handling.wait());
  for (RawSocket* broker : {&a, &b}) {
    for (int i = 0; i < 10; ++i) REQUIRE(broker->recv());
  }
  release.happen();
  worker.stop();
  for (RawSocket* broker : {&a, &b}) {
    Heartbeat beat;
    while (!beat.goodbye()) {
      const auto said = broker->recv();
      REQUIRE(said);
      msgEnvelope opened;
      REQUIRE(opened.ParseFromString(said->back()));
      if (!opened.msg().UnpackTo(&beat)) beat.Clear();  // a reply
    }
    CHECK_FALSE(broker->recv(kShort));
  }
}

TEST_CASE("a Worker without a handler, or without a broker, is refused in words") {
  Worker empty("tcp://127.0.0.1:1");
  CHECK(codeOf([&] { empty.start(); }) == Errc::outOfTurn);
  CHECK(whatOf([&] { empty.start(); }).find("start() comes after on() or onBytes()") != std::string::npos);
  empty.onUnknown([] {});
  empty.start();  // has one now
  CHECK(whatOf([] { Worker none(std::vector<std::string>{}); }).find("needs a broker") != std::string::npos);
  CHECK(codeOf([] { Worker bad({"tcp://127.0.0.1:1", "nowhere"}); }) == Errc::badEndpoint);
}
