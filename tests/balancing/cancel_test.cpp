// Requests that their callers give up.

#include "kit.hpp"

using namespace kit;

namespace {

Frames cancelOf(const Frames& request) { return {request.front(), envelope(CancelCall())}; }

Frames request(char number, const std::string& text) { return {correlation('c', number), envelope(msg01(text))}; }

/// A worker as of this version that does nothing that it is not told.
struct NewWorker : RawWorker {
  explicit NewWorker(const Broker& broker, std::uint32_t features) : RawWorker(broker) {
    Heartbeat beat;
    beat.set_id("new");
    beat.set_capacity(1);
    beat.set_registration(true);
    beat.set_features(features);
    send({envelope(beat)});
  }
};

}  // namespace

TEST_CASE("a request that is cancelled while it waits is given to no worker, and nobody is told of an outcome") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  client.send(request(1, "cancelled"));
  client.send(request(2, "wanted"));
  client.send(cancelOf(request(1, "")));
  client.send(cancelOf(request(1, "")));  // twice
  client.send(cancelOf(request(3, "")));  // of none
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.cancelled == 1 && s.waiting == 1; }));
  RawWorker worker(broker);
  worker.beatTyped();
  const auto given = worker.request();
  REQUIRE(given);
  CHECK(text(given->back()) == "wanted");
  worker.reply(*given, envelope(msg01("done")));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(reply->front() == correlation('c', 2));
  const BrokerStats stats = broker.stats();
  CHECK(stats.read == 2);
  CHECK(stats.cancelled == 1);
  CHECK(stats.junk == 0);
  CHECK(addsUp(stats));
}

TEST_CASE("a worker that understands it is told that its request is cancelled, another one just finishes") {
  Broker broker(0, 0, calm());
  std::optional<NewWorker> worker;
  bool understands = false;
  SUBCASE("told") { understands = true; }
  SUBCASE("not told") {}
  worker.emplace(broker, understands ? 1 : 4);
  RawDealer client(broker);
  client.send(request(1, "cancelled"));
  const auto given = worker->request();
  REQUIRE(given);
  client.send(cancelOf(request(1, "")));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.cancelled == 1 && s.inFlight == 0; }));
  client.send(request(2, "next"));  // waits: the worker has not said that it is done
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1; }));
  if (understands) {
    const auto told = worker->request();
    CHECK(told == Frames{given->front(), correlation('c', 1), envelope(CancelCall())});
  }
  worker->reply(*given, envelope(msg01("too late")));
  const auto next = worker->request();
  REQUIRE(next);
  CHECK(text(next->back()) == "next");
  worker->reply(*next, envelope(msg01("done")));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "done");
  CHECK(broker.stats().late == 1);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("a cancelled request is not given to another worker when its own dies") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  {
    NewWorker worker(broker, 1);
    client.send(request(1, "cancelled"));
    REQUIRE(worker.request());
    client.send(cancelOf(request(1, "")));
    REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.cancelled == 1; }));
  }
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.workers == 0; }));
  const BrokerStats stats = broker.stats();
  CHECK(stats.waiting == 0);
  CHECK(stats.redispatched == 0);
  CHECK(addsUp(stats));
}

TEST_CASE("requests that a Worker has not begun are cancelled there, and make room for others") {
  Broker broker(0, 0, calm());
  HeldWorker held(broker);
  RawDealer client(broker);
  client.send(request(1, "at hand"));
  REQUIRE(held.handling.wait());
  client.send(request(2, "cancelled"));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 2; }));
  client.send(request(3, "next"));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1; }));
  client.send(cancelOf(request(2, "")));
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.late == 1 && s.inFlight == 2 && s.waiting == 0; }));
  held.release.happen();
  for (const char number : {char{1}, char{3}}) {
    const auto reply = client.recv();
    REQUIRE(reply);
    CHECK(reply->front() == correlation('c', number));
  }
  CHECK(held.handled.all() == std::vector<std::string>{"at hand", "next"});
}

TEST_CASE("a Worker's handler sees that its request is cancelled, and the next one begins anew") {
  Broker broker(0, 0, calm());
  Event handling, cancelled;
  Notes<bool> saw;
  Worker worker(back(broker));
  worker.on([&](const Msg01& m, dividere::reactor::Sender& sender) {
    if (m.field1() == "cancelled") {
      sender.onCancel([&] { cancelled.happen(); });
      handling.happen();
      cancelled.wait();
    }
    saw.add(sender.cancelled());
    sender.send(m);
  });
  worker.start();
  RawDealer client(broker);
  client.send(request(1, "cancelled"));
  client.send(request(2, "next"));
  REQUIRE(handling.wait());
  client.send(cancelOf(request(1, "")));
  REQUIRE(cancelled.wait());
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(reply->front() == correlation('c', 2));
  CHECK(text(reply->back()) == "next");
  CHECK(saw.all() == std::vector<bool>{true, false});
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.late == 1 && s.replied == 1 && s.cancelled == 1; }));
}

TEST_CASE("a request that is not repeatable ends with its worker, and others go to the next one") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  msgEnvelope once;
  REQUIRE(once.ParseFromString(envelope(msg01("once"))));
  once.set_notrepeatable(true);
  const auto sent = once.SerializeAsString();
  {
    RawWorker worker(broker);
    worker.beatTyped();
    client.send({correlation('c', 1), sent});
    REQUIRE(worker.request());
  }
  const auto told = client.recv();
  REQUIRE(told);
  CHECK(text(told->back()) == "error 4");
  RawWorker leaving(broker);
  leaving.beatTyped();
  client.send({correlation('c', 2), sent});
  REQUIRE(leaving.request());
  Heartbeat beat;
  beat.set_id("leaving");
  beat.set_goodbye(true);
  leaving.send({envelope(beat)});
  RawWorker next(broker);
  next.beatTyped();
  CHECK(next.request());
}

TEST_CASE("who asks for a broker's features is told them at once, and so is a worker that has told its own") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  msgEnvelope asking;
  REQUIRE(asking.ParseFromString(envelope(msg01("x"))));
  asking.set_asksfeatures(true);
  for (int i = 0; i < 2; ++i) {  // the second is a retry
    client.send({correlation('c', 1), "more of a route", asking.SerializeAsString()});
    const auto told = client.recv();
    REQUIRE(told);
    REQUIRE(told->size() == 3);
    CHECK(told->front() == correlation('c', 1));
    msgEnvelope opened;
    Features features;
    REQUIRE(opened.ParseFromString(told->back()));
    REQUIRE(opened.msg().UnpackTo(&features));
    CHECK((features.features() & 1) == 1);
  }
  CHECK(broker.stats().read == 1);

  NewWorker worker(broker, 1);
  const auto asked = worker.recv();
  REQUIRE(asked);
  msgEnvelope opened;
  Heartbeat beat;
  REQUIRE(opened.ParseFromString(asked->back()));
  REQUIRE(opened.msg().UnpackTo(&beat));
  CHECK((beat.features() & 1) == 1);
}
