#include "kit.hpp"

using namespace kit;

TEST_CASE("a byte worker of plain libzmq is given requests of plain libzmq clients, and each gets its reply") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  RawDealer dealer(broker);
  RawRequest req(broker);
  dealer.send({"from a dealer"});
  auto request = worker.request();
  REQUIRE(request);
  CHECK(request->size() == 2);  // one frame that stands for the client, then the payload
  worker.reply(*request, "to the dealer");
  CHECK(dealer.recv() == Frames{"to the dealer"});

  req.send({"from a req"});
  request = worker.request();
  REQUIRE(request);
  REQUIRE(request->size() == 3);
  CHECK((*request)[1].empty());
  worker.reply(*request, "to the req");
  CHECK(req.recv() == Frames{"to the req"});
}

TEST_CASE("a byte worker that has replied to one request is idle again at once") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  RawDealer client(broker);
  for (int i = 0; i < 5; ++i) {
    client.send({std::to_string(i)});
    const auto request = worker.request();
    REQUIRE(request);
    worker.reply(*request, "done");
    CHECK(client.recv() == Frames{"done"});
  }
}

TEST_CASE(
    "a byte worker that registers after every reply, for the Python broker's sake, keeps the request it was just "
    "given") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.registerBytes();
  RawDealer client(broker);
  for (int i = 0; i < 10; ++i) client.send({std::to_string(i)});
  for (int i = 0; i < 10; ++i) {
    const auto request = worker.request();
    REQUIRE(request);
    CHECK(request->back() == std::to_string(i));
    worker.reply(*request, request->back());
    worker.registerBytes();
  }
  for (int i = 0; i < 10; ++i) CHECK(client.recv() == Frames{std::to_string(i)});
  CHECK(broker.stats().redispatched == 0);
}

TEST_CASE("a typed worker of plain libzmq registers with an enveloped Heartbeat and is given envelopes") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.beatTyped();
  RawDealer dealer(broker);
  RawRequest req(broker);
  dealer.send({envelope(msg01("from a dealer"))});
  auto request = worker.request();
  REQUIRE(request);
  CHECK(request->size() == 2);
  CHECK(text(request->back()) == "from a dealer");
  worker.reply(*request, envelope(msg01("to the dealer")));
  auto reply = dealer.recv();
  REQUIRE(reply);
  CHECK(reply->size() == 1);
  CHECK(text(reply->back()) == "to the dealer");

  req.send({envelope(msg01("from a req"))});
  request = worker.request();
  REQUIRE(request);
  REQUIRE(request->size() == 3);
  worker.reply(*request, envelope(msg01("to the req")));
  reply = req.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "to the req");
}

TEST_CASE("whatever frames a client puts in front come back in front of its reply") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.beatTyped();
  RawDealer client(broker);
  const std::string id = correlation('a', '\1');
  client.send({id, "", "and more", envelope(msg01("x"))});
  const auto request = worker.request();
  REQUIRE(request);
  REQUIRE(request->size() == 5);
  CHECK((*request)[1] == id);
  CHECK((*request)[3] == "and more");
  worker.reply(*request, envelope(msg01("y")));
  const auto reply = client.recv();
  REQUIRE(reply);
  REQUIRE(reply->size() == 4);
  CHECK(reply->front() == id);
  CHECK((*reply)[2] == "and more");
}

TEST_CASE("both dialects are served on the same ports, each by its own workers") {
  Broker broker(0, 0, calm());
  RawWorker bytes(broker), typed(broker);
  bytes.registerBytes();
  typed.beatTyped();
  REQUIRE(broker.waitForWorkers(2, kLimit));
  RawDealer client(broker);
  client.send({"plain"});
  auto request = bytes.request();
  REQUIRE(request);
  CHECK(request->back() == "plain");
  client.send({envelope(msg01("typed"))});
  request = typed.request();
  REQUIRE(request);
  CHECK(text(request->back()) == "typed");
}

TEST_CASE("envelopes go to byte workers if there are no typed ones, plain bytes never to typed ones") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  RawWorker bytes(broker);
  bytes.registerBytes();
  client.send({envelope(msg01("anyone"))});
  auto request = bytes.request();
  REQUIRE(request);
  CHECK(text(request->back()) == "anyone");
  bytes.reply(*request, envelope(msg01("done")));
  REQUIRE(client.recv());
  bytes.close();
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));

  RawWorker typed(broker);
  typed.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  client.send({"plain"});
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.read == 2 && s.waiting == 1; }));
  client.send({envelope(msg01("typed"))});
  request = typed.request();
  REQUIRE(request);
  CHECK(text(request->back()) == "typed");
}

TEST_CASE("an idle worker is asked for a sign of life in its own dialect, and dropped if it gives none") {
  Broker broker(0, 0, brisk());
  RawWorker bytes(broker), typed(broker);
  REQUIRE(eventually([&] {  // none is taken for dead before the other one has come
    bytes.registerBytes();
    typed.beatTyped();
    return broker.waitForWorkers(2, 50ms);
  }));
  CHECK(bytes.recv() == Frames{"\x02"});
  const auto asked = typed.recv();
  REQUIRE(asked);
  CHECK(text(asked->back()) == "Heartbeat");
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
}

TEST_CASE("a worker that replies when asked stays, however long it is idle") {
  BrokerOptions options;
  options.heartbeat = 500ms;
  Broker broker(0, 0, options);
  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  for (int i = 0; i < 4; ++i) {  // more periods than silence lasts
    REQUIRE(worker.recv() == Frames{"\x02"});
    worker.send({"\x02"});
  }
  CHECK(broker.stats().workers == 1);
}

TEST_CASE("a worker taken for dead is a worker again with its next sign of life") {
  Broker broker(0, 0, brisk());
  RawWorker worker(broker);
  worker.registerBytes();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
  worker.registerBytes();
  CHECK(broker.waitForWorkers(1, kLimit));
}

TEST_CASE("a Worker's typed handlers reply to a Client") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& question) { return msg02(question.field1(), 42); });
  worker.start();
  Client client(front(broker), patient());
  const auto answer = client.call<Msg02>(msg01("what"));
  REQUIRE(answer);
  CHECK(answer->field1() == "what");
  CHECK(answer->field2() == 42);
  client.send(msg01("again"));
  const auto message = client.recv();
  REQUIRE(message);
  CHECK(message->GetTypeName() == "Msg02");
}

TEST_CASE("a Worker with onBytes replies to callBytes and clients of plain libzmq, whatever the bytes") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.onBytes([](std::string_view bytes) { return std::string(bytes.rbegin(), bytes.rend()); });
  worker.start();
  Client client(front(broker), patient());
  CHECK(client.callBytes("abc") == "cba");
  CHECK(client.callBytes("") == "");
  CHECK(client.callBytes(std::string("\x01\0\x02", 3)) == std::string("\x02\0\x01", 3));
  RawRequest req(broker);
  req.send({"xyz"});
  CHECK(req.recv() == Frames{"zyx"});
}

TEST_CASE("a Worker serves a broker that hands on the client's id, as the Python one does") {
  RawSocket python(ZMQ_ROUTER);
  const std::string endpoint = python.bind();
  SUBCASE("typed") {
    Worker worker(endpoint);
    worker.on([](const Msg01& question) { return msg01(question.field1() + "!"); });
    worker.start();
    const auto hello = python.recv();
    REQUIRE(hello);
    REQUIRE(hello->size() == 2);
    CHECK(text(hello->back()) == "Heartbeat");
    python.send({hello->front(), "client", envelope(msg01("well"))});
    const auto reply = python.recv();
    REQUIRE(reply);
    REQUIRE(reply->size() == 3);
    CHECK((*reply)[1] == "client");
    CHECK(text(reply->back()) == "well!");
    python.send({hello->front(), heartbeat("broker")});
    const auto sign = python.recv();
    REQUIRE(sign);
    msgEnvelope opened;
    REQUIRE(opened.ParseFromString(sign->back()));
    Heartbeat beat;
    REQUIRE(opened.msg().UnpackTo(&beat));
    CHECK(beat.id() == hello->front());
  }
  SUBCASE(
      "bytes: it registers again before its reply, or it would be given no other request, or be given it too late") {
    Worker worker(endpoint);
    worker.onBytes([](std::string_view bytes) { return std::string(bytes) + "!"; });
    worker.start();
    const auto hello = python.recv();
    REQUIRE(hello);
    CHECK(hello->back() == "\x01");
    CHECK(python.recv()->back() == "\x02");
    python.send({hello->front(), "client", "", "well"});
    CHECK(python.recv()->back() == "\x01");
    CHECK(python.recv() == Frames{hello->front(), "client", "", "well!"});
    python.send({hello->front(), "\x02"});
    CHECK(python.recv()->back() == "\x02");
  }
}

TEST_CASE("a Worker gives signs of life of its own accord, to a broker that does not ask") {
  RawSocket python(ZMQ_ROUTER);
  Worker worker(python.bind(), withHeartbeat(20ms));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  for (int i = 0; i < 4; ++i) {
    const auto sign = python.recv();
    REQUIRE(sign);
    CHECK(text(sign->back()) == "Heartbeat");
  }
}
