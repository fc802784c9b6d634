#include <signal.h>

#include "kit.hpp"
#include "support/held_log.hpp"

using namespace kit;

namespace {

/// A Worker of this process that replies to whatever comes.
struct Helper {
  explicit Helper(const Broker& broker) : worker(back(broker)) {
    worker.on([](const Msg02& m) { return msg01("done by the helper: " + m.field1()); });
    worker.start();
  }
  Worker worker;
};

/// Silence is noticed in less than a second, but not that of a Worker which the machine keeps waiting for a moment.
BrokerOptions patientlyBrisk() {
  BrokerOptions options;
  options.heartbeat = 250ms;
  return options;
}

struct WorkerProcess : Program {
  explicit WorkerProcess(const Broker& broker, std::chrono::milliseconds heartbeat = 60s)
      : Program("balancing_worker", {back(broker), std::to_string(heartbeat.count())}) {}
};

}  // namespace

TEST_CASE("a worker killed with a request is noticed by its connection alone, and another is given the request") {
  Broker broker(0, 0, calm());  // its silence would be noticed in minutes
  WorkerProcess doomed(broker);
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg02("hold", 1))});
  REQUIRE(doomed.line() == "hold");
  Helper helper(broker);
  REQUIRE(broker.waitForWorkers(2, kLimit));
  doomed.kill();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "done by the helper: hold");
  const BrokerStats stats = broker.stats();
  CHECK(stats.redispatched == 1);
  CHECK(stats.workers == 1);
  CHECK(stats.replied == 1);
}

TEST_CASE("a byte worker of plain libzmq that is gone has its request given to another") {
  Broker broker(0, 0, calm());
  RawWorker doomed(broker);
  doomed.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({"x"});
  REQUIRE(doomed.request());
  RawWorker other(broker);
  other.registerBytes();
  REQUIRE(broker.waitForWorkers(2, kLimit));
  doomed.close();
  const auto request = other.request();
  REQUIRE(request);
  other.reply(*request, "y");
  CHECK(client.recv() == Frames{"y"});
}

TEST_CASE("what a worker said before it went is heard, though its connection's end is noticed first") {
  BrokerOptions options = calm();
  options.maxAttempts = 1;  // taken for dead, it would end the request
  Broker broker(0, 0, options);
  support::HeldLog log("a client sent no payload");
  RawWorker leaving(broker);
  leaving.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("x"))});
  const auto request = leaving.request();
  REQUIRE(request);
  client.send(Frames(100));
  REQUIRE(log.wait("a client sent no payload"));  // the broker's thread is held
  leaving.set(ZMQ_LINGER, static_cast<int>(kLimit.count()));
  leaving.reply(*request, envelope(msg01("my last words")));
  leaving.close();
  REQUIRE(log.wait("(back): disconnected"));
  RawWorker witness(broker);  // what comes after an event tells that it has been passed on
  REQUIRE(log.wait("(back): handshakeSucceeded", 2));
  log.release();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "my last words");
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
  CHECK(broker.stats().late == 0);
}

TEST_CASE(
    "what was lost with a worker's connection waits again, though the broker hears of its end and the next at once") {
  Broker broker(0, 0, calm());
  support::HeldLog log("a client sent no payload");
  RawSocket worker(ZMQ_DEALER);
  worker.set(ZMQ_ROUTING_ID, "the worker");
  worker.connect(back(broker));
  std::string hello, request;
  SUBCASE("bytes") {
    hello = std::string("\x01", 1);
    request = "x";
  }
  SUBCASE("typed, without a word of its being anew") {
    hello = heartbeat("the worker");
    request = envelope(msg01("x"));
  }
  worker.send({hello});
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({request});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 1; }));
  client.send(Frames(100));
  REQUIRE(log.wait("a client sent no payload"));  // the broker's thread is held
  worker.disconnect(back(broker));                // with the request, unread
  worker.recv(kShort);                            // has libzmq do it
  REQUIRE(log.wait("(back): disconnected"));
  worker.connect(back(broker));  // in all likelihood the broker's end gets the same descriptor
  REQUIRE(log.wait("(back): handshakeSucceeded", 2));
  worker.send({hello});
  log.release();
  std::optional<Frames> again;
  do again = worker.recv();
  while (again && again->size() == 1);
  REQUIRE(again);
  CHECK(again->back() == request);
  CHECK(broker.stats().redispatched == 1);
  again->back() = "y";
  worker.send(*again);
  CHECK(client.recv() == Frames{"y"});
}

TEST_CASE("an idle worker that is killed is no worker any more, at once") {
  Broker broker(0, 0, calm());
  WorkerProcess doomed(broker);
  REQUIRE(broker.waitForWorkers(1, kLimit));
  doomed.kill();
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
}

TEST_CASE("a silent worker's request goes to another, and its own late reply is dropped") {
  Broker broker(0, 0, patientlyBrisk());
  WorkerProcess paused(broker, 50ms);
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg02("stop", 1))});
  REQUIRE(paused.line() == "stop");
  Helper helper(broker);
  auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "done by the helper: stop");
  CHECK(broker.stats().late == 0);

  paused.signal(SIGCONT);
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.late == 1; }));
  CHECK(broker.stats().replied == 1);
  CHECK(!client.recv(kShort));
  CHECK(broker.waitForWorkers(2, kLimit));  // it is welcome again
}

TEST_CASE("a worker that is only slow is not dead: signs of life go on while its handler runs") {
  Broker broker(0, 0, patientlyBrisk());
  Event release;
  Notes<int> handled;
  Worker slow(back(broker), withHeartbeat(50ms));
  slow.on([&](const Msg02& m) {
    handled.add(m.field2());
    release.wait();
    return m;
  });
  slow.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg02("slow", 1))});
  REQUIRE(handled.reach(1));
  // Another worker that comes and goes shows that the silence of one is noticed, over and over.
  for (int i = 0; i < 3; ++i) {
    RawWorker silent(broker);
    silent.beatTyped();
    REQUIRE(broker.waitForWorkers(2, kLimit));
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 1; }));
  }
  release.happen();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "slow");
  CHECK(handled.count() == 1);
  CHECK(broker.stats().redispatched == 0);
}

TEST_CASE("so it is with a Worker of plain bytes") {
  Broker broker(0, 0, patientlyBrisk());
  Event release;
  Event handling;
  Worker slow(back(broker), withHeartbeat(50ms));
  slow.onBytes([&](std::string_view bytes) {
    handling.happen();
    release.wait();
    return std::string(bytes);
  });
  slow.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({"slow"});
  REQUIRE(handling.wait());
  for (int i = 0; i < 3; ++i) {
    RawWorker silent(broker);
    silent.registerBytes();
    REQUIRE(broker.waitForWorkers(2, kLimit));
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 1; }));
  }
  release.happen();
  CHECK(client.recv() == Frames{"slow"});
  CHECK(broker.stats().redispatched == 0);
}

TEST_CASE("a busy worker that cannot give signs of life while it works is waited for, up to a limit") {
  BrokerOptions options = brisk();
  SUBCASE("within it") { options.silentHandlerLimit = 60s; }
  SUBCASE("beyond it") { options.silentHandlerLimit = 300ms; }
  Broker broker(0, 0, options);
  RawWorker python(broker);
  python.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({"x"});
  const auto request = python.request();
  REQUIRE(request);
  if (options.silentHandlerLimit < 1s) {
    CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0 && s.waiting == 1; }));
    return;
  }
  RawWorker silent(broker);
  silent.beatTyped();
  REQUIRE(broker.waitForWorkers(2, kLimit));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers <= 1; }));  // three periods later
  CHECK(broker.stats().workers == 1);
  python.reply(*request, "y");
  CHECK(client.recv() == Frames{"y"});
}

TEST_CASE("a request whose workers die one after the other ends with an error, and is not tried for ever") {
  BrokerOptions options = calm();
  options.maxAttempts = 2;
  Broker broker(0, 0, options);
  WorkerProcess a(broker), b(broker), c(broker);
  REQUIRE(broker.waitForWorkers(3, kLimit));
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg02("die", 1)); }) == Errc::gaveUp);
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 1; }));
  CHECK(broker.stats().redispatched == 1);
  const auto answer = client.call<Msg02>(msg02("live", 2));
  REQUIRE(answer);
  CHECK(answer->field1() == "live");
}

TEST_CASE("what else a worker was given is not blamed for its death") {
  BrokerOptions options = calm();
  options.maxAttempts = 1;
  Broker broker(0, 0, options);
  RawWorker doomed(broker);
  Heartbeat two;
  two.set_id("takes two");
  two.set_capacity(2);
  doomed.send({envelope(two)});
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg02("deadly", 1))});
  client.send({envelope(msg02("innocent", 2))});
  REQUIRE(doomed.request());
  REQUIRE(doomed.request());
  doomed.close();
  const auto refused = client.recv();
  REQUIRE(refused);
  CHECK(text(refused->back()) == "error 4");
  Helper helper(broker);
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "done by the helper: innocent");
}

TEST_CASE("requests taken back from a worker keep their order") {
  Broker broker(0, 0, calm());
  {
    RawWorker doomed(broker);
    Heartbeat many;
    many.set_id("takes three");
    many.set_capacity(3);
    doomed.send({envelope(many)});
    REQUIRE(broker.waitForWorkers(1, kLimit));
    RawDealer client(broker);
    for (int i = 0; i < 5; ++i) client.send({envelope(msg02(std::to_string(i), i))});
    for (int i = 0; i < 3; ++i) REQUIRE(doomed.request());
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 2; }));
    doomed.close();
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 5; }));
  }
  RawWorker other(broker);
  other.beatTyped();
  for (int i = 0; i < 5; ++i) {
    const auto request = other.request();
    REQUIRE(request);
    CHECK(text(request->back()) == std::to_string(i));
    other.reply(*request, envelope(msg01("done")));
  }
}

TEST_CASE("a request that a worker does not reply to in time ends with an error, and its reply comes too late") {
  BrokerOptions options = calm();
  options.handlerDeadline = 500ms;
  Broker broker(0, 0, options);
  Event release;
  Worker slow(back(broker));
  slow.on([&](const Msg01& m) {
    if (m.field1() == "slow") release.wait();
    return m;
  });
  slow.start();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg01("slow")); }) == Errc::deadlinePassed);
  CHECK(broker.stats().late == 0);
  RawDealer other(broker);
  other.send({envelope(msg01("waits for the worker"))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1; }));
  release.happen();
  REQUIRE(other.recv());
  CHECK(broker.stats().late == 1);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("late replies, second replies and replies to nothing are dropped and counted") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  RawDealer client(broker);
  client.send({"x"});
  const auto request = worker.request();
  REQUIRE(request);
  worker.reply(*request, "first");
  worker.reply(*request, "second");
  CHECK(client.recv() == Frames{"first"});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.late == 1; }));
  worker.send({"nobody", "reply"});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.junk == 1; }));
  CHECK(!client.recv(kShort));
  CHECK(broker.stats().replied == 1);
}

TEST_CASE("a worker cannot reply to what another one was given") {
  Broker broker(0, 0, calm());
  RawWorker honest(broker), thief(broker);
  honest.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({"x"});
  const auto request = honest.request();
  REQUIRE(request);
  thief.registerBytes();
  thief.reply(*request, "stolen");
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.late == 1; }));
  honest.reply(*request, "mine");
  CHECK(client.recv() == Frames{"mine"});
}

TEST_CASE(
    "requests of one foreign route are each executed, however equal they are, and however long the route's frames") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  const std::string route = "507f1f77bcf86cd799439011";  // as many bytes as a correlation frame has
  for (int i = 0; i < 3; ++i) client.send({route, "the same"});
  for (int i = 0; i < 3; ++i) {
    const auto request = worker.request();
    REQUIRE(request);
    worker.reply(*request, "outcome " + std::to_string(i));
    CHECK(client.recv() == Frames{route, "outcome " + std::to_string(i)});
  }
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("a client's retry of a request under way is not executed twice") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  std::string id = correlation('r', '\1'), other = correlation('r', '\2');
  std::optional<Frames> request;
  SUBCASE("of this version") {
    const std::string caller = std::string("\0div", 4) + std::string(12, 'r');
    id = caller + std::string(8, '\1');
    other = caller + std::string(8, '\2');
    RawDealer client(broker);
    client.send({id, "x"});
    client.send({id, "x"});
    client.send({other, "y"});
    request = worker.request();
    REQUIRE(request);
    worker.reply(*request, "once");
    CHECK(client.recv() == Frames{id, "once"});
  }
  SUBCASE("at a worker") {
    RawDealer client(broker);
    client.send({id, "x"});
    request = worker.request();
    REQUIRE(request);
    client.send({id, "x"});
    client.send({other, "y"});  // it comes after the retry
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == 2 && s.waiting == 1; }));
    worker.reply(*request, "once");
    CHECK(client.recv() == Frames{id, "once"});
  }
  SUBCASE("from a connection of its own, to which the reply goes") {
    RawDealer before(broker), after(broker);
    before.send({id, "x"});
    request = worker.request();
    REQUIRE(request);
    after.send({id, "x"});
    after.send({other, "y"});
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == 2 && s.waiting == 1; }));
    worker.reply(*request, "once");
    CHECK(after.recv() == Frames{id, "once"});
    CHECK(!before.recv(kShort));
  }
  SUBCASE("waiting") {
    RawDealer client(broker);
    client.send({"keeps the worker"});
    request = worker.request();
    REQUIRE(request);
    client.send({id, "x"});
    client.send({id, "x"});
    client.send({other, "y"});
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == 3 && s.waiting == 2; }));
    worker.reply(*request, "kept");
    CHECK(client.recv() == Frames{"kept"});
    const auto next = worker.request();
    REQUIRE(next);
    worker.reply(*next, "once");
    CHECK(client.recv() == Frames{id, "once"});
  }
  request = worker.request();
  REQUIRE(request);
  CHECK(request->back() == "y");
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("a broker that was paused takes nobody for dead when it goes on") {
  Program broker("balancing_broker", {"0", "0", "200"});
  const std::string front = "tcp://127.0.0.1:" + broker.line(), back = "tcp://127.0.0.1:" + broker.line();
  Notes<int> handled;
  Event release;
  Worker worker(back, withHeartbeat(50ms));
  worker.on([&](const Msg02& m) {
    handled.add(m.field2());
    release.wait();
    return m;
  });
  worker.start();
  RawSocket client(ZMQ_DEALER);
  client.connect(front);
  client.send({envelope(msg02("x", 1))});
  REQUIRE(handled.reach(1));
  broker.signal(SIGSTOP);
  CHECK(!client.recv(1500ms));  // more than seven of its periods
  broker.signal(SIGCONT);
  CHECK(!client.recv(kShort));  // and some more in which it could err
  release.happen();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "x");
  client.send({envelope(msg02("y", 2))});
  REQUIRE(client.recv());
  CHECK(handled.all() == std::vector<int>{1, 2});  // taken for dead, it would have been given it anew
}

TEST_CASE(
    "a worker that connects anew while the broker is busy is given its request again, though its descriptor is the "
    "same") {
  // Whoever takes the log holds the broker's thread, so that it notices neither end nor beginning of the connection.
  support::HeldLog log("front port");
  Broker broker(0, 0, calm());
  RawDealer client(broker), holder(broker);
  RawSocket worker(ZMQ_DEALER);
  worker.set(ZMQ_ROUTING_ID, "the same");
  worker.connect(back(broker));
  SUBCASE("of plain bytes") {
    worker.send({std::string("\x01", 1)});
    REQUIRE(broker.waitForWorkers(1, kLimit));
    client.send({"x"});
  }
  SUBCASE("typed, as a Python one") {
    worker.send({heartbeat("the same")});
    REQUIRE(broker.waitForWorkers(1, kLimit));
    client.send({envelope(msg01("x"))});
  }
  const auto lost = worker.recv();
  REQUIRE(lost);
  holder.send({heartbeat("a worker at the wrong port")});
  REQUIRE(log.wait("front port"));

  worker.disconnect(back(broker));
  RawSocket anew(ZMQ_DEALER);
  anew.set(ZMQ_ROUTING_ID, "the same");
  anew.connect(back(broker));
  if (lost->back() == "x") {
    anew.send({std::string("\x01", 1)});
  } else {
    anew.send({heartbeat("the same")});
  }
  log.release();
  const auto again = anew.recv();
  REQUIRE(again);
  CHECK(again->back() == lost->back());
}

TEST_CASE("a worker that leaves a request without a reply is free when it speaks again, and the client is told") {
  Broker broker(0, 0, calm());
  RawWorker python(broker);
  python.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("one way"))});
  REQUIRE(python.request());

  python.beatTyped();  // may have crossed the request: it is asked
  const auto ask = python.recv();
  REQUIRE(ask);
  REQUIRE(ask->size() == 1);
  CHECK(broker.stats().inFlight == 1);
  python.beatTyped();
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "error 3");
  CHECK(addsUp(broker.stats()));

  client.send({envelope(msg01("another"))});
  const auto next = python.request();
  REQUIRE(next);
  CHECK(text(next->back()) == "another");
}

TEST_CASE("an old ask that is replied to late does not make a busy worker free") {
  Broker broker(0, 0, patientlyBrisk());
  RawWorker python(broker);
  python.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  REQUIRE(python.recv());  // asked while it is idle
  RawDealer client(broker);
  client.send({envelope(msg01("slow"))});
  const auto request = python.request(false);
  REQUIRE(request);
  python.beatTyped();  // the reply to what it was asked before
  python.reply(*request, envelope(msg01("done")));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "done");
}

TEST_CASE("many workers that die at once are noticed together") {
  Broker broker(0, 0, calm());
  {
    std::vector<std::unique_ptr<RawSocket>> workers;
    void* const context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2000);
    for (int i = 0; i < 300; ++i) {
      workers.push_back(std::make_unique<RawSocket>(ZMQ_DEALER, context));
      workers.back()->connect(back(broker));
      workers.back()->send({heartbeat("raw worker")});
    }
    REQUIRE(broker.waitForWorkers(300, kLimit));
    workers.clear();
    zmq_ctx_term(context);
  }
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
}
