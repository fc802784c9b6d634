// Any number of requests at once, through a broker: started, ended, and what is told of them.
#include <memory>
#include <string>
#include <vector>

#include "kit.hpp"

using namespace kit;
using dividere::Call;
using dividere::CallOptions;
using dividere::Outcome;

namespace {

/// What a request says of its call.
msgEnvelope fieldsOf(const std::optional<Frames>& request) {
  msgEnvelope fields;
  if (request && !fields.ParseFromString(request->back())) fields.Clear();
  return fields;
}

std::string typeOf(const std::optional<Frames>& request) { return fieldsOf(request).msgname(); }

Features features(std::uint32_t bits) {
  Features told;
  told.set_features(bits);
  return told;
}

/// Two workers that echo, behind a broker.
struct Stage {
  Broker broker{0, 0, calm()};
  Worker first{back(broker)}, second{back(broker)};
  Client client{front(broker), patient()};

  Stage() {
    for (Worker* each : {&first, &second}) {
      each->on([](const Msg01& message) { return message; });
      each->start();
    }
  }
};

}  // namespace

TEST_CASE("a thousand requests are under way from one thread, and each has its own reply") {
  Stage stage;
  std::vector<Call<Msg01>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(stage.client.start<Msg01>(msg01(std::to_string(i)), kLimit));
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto reply = calls[static_cast<std::size_t>(i)].get();
    if (reply && reply->field1() == std::to_string(i)) ++right;
  }
  CHECK(right == 1000);
}

TEST_CASE("one Client is used in many threads, with call() and with start()") {
  Stage stage;
  constexpr int kThreads = 6, kRequests = 200;
  std::atomic<int> right{0}, followed{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&, t] {
        for (int i = 0; i < kRequests; ++i) {
          const std::string text = std::to_string(t) + "/" + std::to_string(i);
          stage.client.start<Msg01>(msg01(text), kLimit, [&, text](const Outcome<Msg01>& outcome) {
            if (outcome && outcome->field1() == text) ++followed;
          });
          const auto reply = stage.client.call<Msg01>(msg01(text));
          if (reply && reply->field1() == text) ++right;
        }
      }));
    }
  }
  CHECK(right == kThreads * kRequests);
  CHECK(eventually([&] { return followed == kThreads * kRequests; }));
}

TEST_CASE("send() and recv() go on beside calls under way") {
  Stage stage;
  stage.client.send(msg01("sent"));
  Call<Msg01> call = stage.client.start<Msg01>(msg01("started"), kLimit);
  CHECK(call.get()->field1() == "started");
  const auto reply = stage.client.recv();
  REQUIRE(reply);
  CHECK(dynamic_cast<const Msg01&>(*reply).field1() == "sent");
}

TEST_CASE("a call without a time-out is tried as the policy says, and ends then") {
  Front broker;
  Client client(broker.endpoint, tries(2, 250ms));
  broker.meet(client);
  CHECK_FALSE(client.start<Msg01>(msg01("x")).get());
  const auto first = broker.recv();
  REQUIRE(first);
  for (int i = 0; i < 2; ++i) {
    const auto again = broker.recv();
    REQUIRE(again);
    CHECK((*again)[1] == (*first)[1]);
  }
  CHECK_FALSE(broker.recv(kShort));
}

TEST_CASE("a call with a time-out outlasts the tries") {
  Front broker;
  Client client(broker.endpoint, tries(1, 20ms));
  broker.meet(client);
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit);
  REQUIRE(broker.recv());
  const auto last = broker.recv();
  REQUIRE(last);
  CHECK_FALSE(broker.recv(kShort));
  broker.reply(*last, msg01("late"));
  CHECK(call.get()->field1() == "late");
}

TEST_CASE("a request is given again, under its id, as soon as a broker is there again") {
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  auto broker = std::make_unique<Front>(support::local(port));
  const std::string endpoint = broker->endpoint;
  Client client(endpoint, patient());
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit);
  CallOptions once;
  once.repeatable = false;
  Call<Msg01> unrepeatable = client.start<Msg01>(msg01("y"), kLimit, once);
  const auto first = broker->recv();
  REQUIRE(first);
  REQUIRE(broker->recv());
  broker->close();
  RawSocket next(ZMQ_ROUTER);
  REQUIRE(eventually([&] { return zmq_bind(next.native(), endpoint.c_str()) == 0; }));
  const auto again = next.recv();
  REQUIRE(again);
  CHECK((*again)[1] == (*first)[1]);
  CHECK(codeOf([&] { unrepeatable.get(); }) == Errc::gaveUp);
  Frames reply = *again;
  reply.back() = envelope(msg01("by the next one"));
  next.send(reply);
  CHECK(call.get()->field1() == "by the next one");
  dividere::connection::PortManager::release(port);
}

TEST_CASE("a request that must not be repeated is not given again when its reply is late") {
  Front broker;
  Client client(broker.endpoint, tries(5, 10ms));
  CallOptions once;
  once.repeatable = false;
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit, once);
  const auto request = broker.recv();
  REQUIRE(request);
  CHECK(fieldsOf(request).notrepeatable());
  CHECK_FALSE(broker.recv(kShort));
  broker.reply(*request, msg01("late"));
  CHECK(call.get()->field1() == "late");
}

TEST_CASE(
    "a request that must not be repeated is given once, also if its broker comes in the pause between two tries") {
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  RetryPolicy policy = tries(5, 10ms);
  policy.pause = policy.pauseMax = 1s;  // give or take half
  Client client(support::local(port), policy);
  CallOptions once;
  once.repeatable = false;
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit, once);
  CHECK_FALSE(call.wait(20ms));
  Front broker(support::local(port));
  const auto request = broker.recv();
  REQUIRE(request);
  CHECK_FALSE(broker.recv(2s));
  broker.reply(*request, msg01("once"));
  CHECK(call.get()->field1() == "once");
  dividere::connection::PortManager::release(port);
}

TEST_CASE("a request says how much time is left, less of it each time, its method and its priority") {
  Front broker;
  Client client(broker.endpoint, tries(1, 20ms));
  broker.meet(client);
  CallOptions options;
  options.method = "Add";
  options.priority = 7;
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit, options);
  const auto first = fieldsOf(broker.recv()), second = fieldsOf(broker.recv());
  CHECK(first.method() == "Add");
  CHECK(first.priority() == 7);
  CHECK(first.timeoutms() <= kLimit.count());
  CHECK(first.timeoutms() > second.timeoutms());
  CHECK(second.timeoutms() > 0);
  CHECK(second.method() == "Add");
  options.method = std::string(256, 'x');
  CHECK(codeOf([&] { client.start<Msg01>(msg01("x"), kLimit, options); }) == std::errc::invalid_argument);
}

TEST_CASE("a peer is asked for its features until it has told them, and is told of cancelled calls then alone") {
  Front broker;
  Client client(broker.endpoint, patient());
  broker.meet(client);  // a new connection is asked anew
  Call<Msg01> early = client.start<Msg01>(msg01("early"), kLimit);
  Call<Msg01> beside = client.start<Msg01>(msg01("beside"), kLimit);
  const auto first = broker.recv(), second = broker.recv();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(fieldsOf(first).asksfeatures());
  CHECK_FALSE(fieldsOf(second).asksfeatures());  // one asks at a time
  early.cancel();
  broker.reply(*second, msg01("by an old peer"));
  CHECK(beside.get()->field1() == "by an old peer");
  Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit);
  const auto again = broker.recv();
  REQUIRE(again);
  CHECK(typeOf(again) == "Msg01");  // it has not been told of the cancelled one
  CHECK(fieldsOf(again).asksfeatures());
  broker.reply(*again, features(1));
  broker.reply(*again, msg01("reply"));
  CHECK(call.get()->field1() == "reply");

  Call<Msg01> cancelled = client.start<Msg01>(msg01("y"), kLimit);
  const auto third = broker.recv();
  REQUIRE(third);
  CHECK_FALSE(fieldsOf(third).asksfeatures());
  cancelled.cancel();
  const auto told = broker.recv();
  REQUIRE(told);
  CHECK(typeOf(told) == "CancelCall");
  CHECK((*told)[1] == (*third)[1]);

  CHECK_FALSE(client.start<Msg01>(msg01("z"), 200ms).get());  // its time is up: nobody waits for it any more
  const auto fourth = broker.recv();
  REQUIRE(fourth);
  const auto timedOut = broker.recv();
  CHECK(typeOf(timedOut) == "CancelCall");
  CHECK((*timedOut)[1] == (*fourth)[1]);

  Call<Msg01> pending = client.start<Msg01>(msg01("z"), kLimit);
  REQUIRE(broker.recv());
  client.stop();
  CHECK(typeOf(broker.recv()) == "CancelCall");
}

TEST_CASE("a Client ends its calls when it is stopped, and refuses others") {
  Front broker;
  Client client(broker.endpoint, patient());
  std::error_code code;
  Call<Msg01> pending = client.start<Msg01>(msg01("pending"), kLimit);
  client.start<Msg01>(msg01("x"), kLimit, [&](const Outcome<Msg01>& outcome) { code = outcome.error().code(); });
  client.stop();
  CHECK(code == Errc::stopping);
  CHECK(codeOf([&] { pending.get(); }) == Errc::stopping);
  CHECK(codeOf([&] { client.call<Msg01>(msg01("x")); }) == Errc::stopping);
  CHECK(codeOf([&] { client.send(msg01("x")); }) == Errc::stopping);
}

TEST_CASE("a Client may be destroyed in a callback") {
  Front broker;
  auto client = std::make_unique<Client>(broker.endpoint, patient());
  Event done;
  Call<Msg01> pending = client->start<Msg01>(msg01("pending"), kLimit);
  client->start<Msg01>(msg01("x"), 1ms, [&](const Outcome<Msg01>&) {
    client.reset();
    done.happen();
  });
  REQUIRE(done.wait());
  CHECK(codeOf([&] { pending.get(); }) == Errc::stopping);
}

TEST_CASE("a broker has a bounded number of requests of one client, and the next as it replies") {
  Front broker;
  Client client(broker.endpoint, patient());
  std::vector<Call<Msg01>> calls;
  for (int i = 0; i < 401; ++i) calls.push_back(client.start<Msg01>(msg01("x"), kLimit));
  Frames last;
  for (int i = 0; i < 400; ++i) {
    const auto request = broker.recv();
    REQUIRE(request);
    last = *request;
  }
  CHECK_FALSE(broker.recv(kShort));
  broker.reply(last, msg01("reply"));
  CHECK(broker.recv());
  calls.front().cancel();
  calls.push_back(client.start<Msg01>(msg01("in place of the cancelled one"), kLimit));
  CHECK(broker.recv());
}

TEST_CASE("requests that are given up cost no worker, and the handler of a cancelled one sees it") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  std::atomic<int> executed{0};
  Event began;
  worker.on([&](const Msg01& message, dividere::reactor::Sender& sender) {
    ++executed;
    if (message.field1() != "busy") return message;
    began.happen();
    eventually([&] { return sender.cancelled(); });
    return message;
  });
  worker.start();
  Client client(front(broker), patient());
  REQUIRE(client.call<Msg01>(msg01("first")));  // the broker tells that it can be told
  Call<Msg01> busy = client.start<Msg01>(msg01("busy"), kLimit);
  REQUIRE(began.wait());
  for (int i = 0; i < 3; ++i) CHECK_FALSE(client.start<Msg01>(msg01("given up"), 10ms).get());
  busy.cancel();
  CHECK(client.call<Msg01>(msg01("last")));
  CHECK(executed == 3);
}
