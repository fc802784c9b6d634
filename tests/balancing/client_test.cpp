#include "kit.hpp"

using namespace kit;

TEST_CASE("a request carries a frame of 24 bytes, the same for each try and another for each request") {
  Front broker;
  Client client(broker.endpoint, tries(1, 250ms));
  broker.meet(client);
  CHECK(!client.callBytes("x"));
  const auto first = broker.recv(), second = broker.recv();
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->size() == 3);
  CHECK((*first)[1].size() == 24);
  CHECK(first->back() == "x");
  CHECK(*first == *second);
  CHECK(!client.callBytes("y"));
  const auto third = broker.recv();
  REQUIRE(third);
  CHECK((*third)[1] != (*first)[1]);
  CHECK((*third)[1].substr(0, 16) == (*first)[1].substr(0, 16));  // which names the client
}

TEST_CASE("a Client tries as often as its policy says, and then says that there is no reply") {
  Front broker;
  Client client(broker.endpoint, tries(3, 250ms));
  broker.meet(client);
  client.send(msg01("x"));
  CHECK(client.recv() == nullptr);
  for (int i = 0; i < 4; ++i) REQUIRE(broker.recv());
  CHECK(!broker.recv(kShort));
  CHECK(!client.call<Msg01>(msg01("x")));
  CHECK(!client.callBytes("x"));
}

TEST_CASE("one deadline ends all tries") {
  Front broker;
  RetryPolicy policy = tries(1000000, 10ms);
  policy.deadline = 100ms;
  Client client(broker.endpoint, policy);
  const auto began = std::chrono::steady_clock::now();
  CHECK(!client.callBytes("x"));
  CHECK(std::chrono::steady_clock::now() - began >= 100ms);
}

TEST_CASE("a deadline also ends a try that has longer to go") {
  Front broker;
  RetryPolicy policy = tries(0, std::chrono::hours(1));
  policy.deadline = 50ms;
  Client client(broker.endpoint, policy);
  CHECK(!client.callBytes("x"));
}

TEST_CASE("an earlier request's reply is never returned for a later one") {
  Front broker;
  Client client(broker.endpoint, tries(0, 2s));
  broker.meet(client);
  CHECK(!client.callBytes("first"));
  const auto first = broker.recv();
  REQUIRE(first);
  Msg01 second = msg01("second");
  client.send(second);
  const auto request = broker.recv();
  REQUIRE(request);
  broker.send({first->front(), (*first)[1], "reply to the first"});
  broker.send({first->front(), "reply to the first, without its frame"});
  broker.send({first->front(), correlation('z', '\1'), "reply to another client"});
  broker.send({request->front(), (*request)[1], envelope(msg01("reply to the second"))});
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(dynamic_cast<const Msg01&>(*reply).field1() == "reply to the second");
}

TEST_CASE("a request sent in place of another gives that one up") {
  Front broker;
  Client client(broker.endpoint, patient());
  client.send(msg01("first"));
  const auto first = broker.recv();
  REQUIRE(first);
  client.send(msg01("second"));
  const auto second = broker.recv();
  REQUIRE(second);
  broker.send({first->front(), (*first)[1], envelope(msg01("to the first"))});
  broker.send({second->front(), (*second)[1], envelope(msg01("to the second"))});
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(dynamic_cast<const Msg01&>(*reply).field1() == "to the second");
}

TEST_CASE("a reply that comes during the pause between tries is taken") {
  Front broker;
  RetryPolicy policy = tries(1, 20ms);
  policy.pause = policy.pauseMax = 60s;
  Client client(broker.endpoint, policy);
  client.send(msg01("x"));
  const auto request = broker.recv();
  REQUIRE(request);
  Thread late([&] {
    broker.recv(kShort);  // well into the pause
    broker.send({request->front(), (*request)[1], envelope(msg01("late"))});
  });
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(dynamic_cast<const Msg01&>(*reply).field1() == "late");
}

TEST_CASE("given several endpoints, each try goes to the next one") {
  Front dead, alive;
  Client client({dead.endpoint, alive.endpoint}, tries(3, 1s));
  Thread answer([&] {
    const auto request = alive.recv();
    if (request) alive.send({request->front(), (*request)[1], "here"});
  });
  CHECK(client.callBytes("x") == "here");
  CHECK(dead.recv());
}

TEST_CASE("a reply that there is none is an Error with its code and the handler's text") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01&) -> Msg01 { throw std::runtime_error("the boiler is cold"); });
  worker.start();
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg01>(msg01("x")); }) == Errc::handlerFailed);
  CHECK(support::contains(whatOf([&] { client.call<Msg01>(msg01("x")); }), "the boiler is cold"));
  client.send(msg01("x"));
  CHECK(codeOf([&] { client.recv(); }) == Errc::handlerFailed);
  CHECK(codeOf([&] { client.call<Msg01>(msg02("unhandled", 1)); }) == Errc::unknownType);
  CHECK(broker.stats().errors == 4);
  CHECK(broker.stats().replied == 0);
}

TEST_CASE("a handler of plain bytes that throws is told to a Client, but not to one that sends nothing but bytes") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.onBytes([](std::string_view bytes) -> std::string {
    if (bytes == "bad") throw std::runtime_error("the boiler is cold");
    return std::string(bytes);
  });
  worker.start();
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.callBytes("bad"); }) == Errc::handlerFailed);
  RawDealer plain(broker);
  plain.send({"bad"});
  plain.send({"good"});
  CHECK(plain.recv() == Frames{"good"});
  CHECK(broker.stats().errors == 2);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("a reply of another type than asked for is an Error") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.call<Msg02>(msg01("x")); }) == Errc::wrongType);
  CHECK(client.call<Msg01>(msg01("x")));
}

TEST_CASE("receiving with nothing asked is an Error, and so is it the second time") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  worker.on([](const Msg01& m) { return m; });
  worker.start();
  Client client(front(broker), patient());
  CHECK(codeOf([&] { client.recv(); }) == Errc::outOfTurn);
  client.send(msg01("x"));
  CHECK(client.recv());
  CHECK(codeOf([&] { client.recv(); }) == Errc::outOfTurn);
}

TEST_CASE("a Client moves, and one moved from says so") {
  Front broker;
  Client client(broker.endpoint, tries(0, 10ms));
  Client moved(std::move(client));
  CHECK(!moved.callBytes("x"));
  CHECK(codeOf([&] { client.callBytes("x"); }) == Errc::movedFrom);
}

TEST_CASE("a Client's endpoints and policy have to make sense") {
  CHECK(codeOf([] { Client("nonsense"); }) == Errc::badEndpoint);
  CHECK(codeOf([] { Client(std::vector<std::string>{}); }) == Errc::badEndpoint);
  CHECK(codeOf([] { Client({"tcp://127.0.0.1:1", "nonsense"}); }) == Errc::badEndpoint);
  CHECK(codeOf([] { Client("tcp://127.0.0.1:1", tries(-1, 10ms)); }) == std::errc::invalid_argument);
  CHECK(codeOf([] { Client("tcp://127.0.0.1:1", tries(1, 0ms)); }) == std::errc::invalid_argument);
  RetryPolicy policy;
  policy.deadline = -1ms;
  CHECK(codeOf([&] { Client("tcp://127.0.0.1:1", policy); }) == std::errc::invalid_argument);
}

TEST_CASE("calls that were given up before a broker came are not executed when it comes") {
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  const std::string endpoint = support::local(port);
  Client client(endpoint, tries(0, 20ms));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(client.callBytes("given up"));
  RetryPolicy policy = tries(1000, 100ms);
  Broker broker(port, 0, calm());
  Worker worker(back(broker));
  std::atomic<int> executed{0};
  worker.onBytes([&](std::string_view bytes) {
    ++executed;
    return std::string(bytes);
  });
  worker.start();
  Client later(endpoint, policy);
  CHECK(later.callBytes("wanted") == "wanted");
  std::uint64_t tried = 1;
  for (; !client.callBytes("wanted too"); ++tried) {
  }
  CHECK(executed >= 2);
  CHECK(broker.stats().read < 10 + tried);  // each of those given up would have been one
  dividere::connection::PortManager::release(port);
}
