#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

std::string frontOf(const Proxy& proxy) { return local(proxy.frontPort()); }
std::string backOf(const Proxy& proxy) { return local(proxy.backPort()); }

/// Threads that reply to what reaches an endpoint, each through a Response or a Dealer of its own.
class Answering {
 public:
  template <class Socket>
  static Answering with(const std::string& endpoint, std::size_t count) {
    Answering made(count);
    for (std::size_t i = 0; i < count; ++i) {
      made.threads_.emplace_back([state = made.state_, endpoint, i] {
        Socket socket(endpoint);
        while (!state->done) {
          if (answer(socket)) ++state->answered[i];
        }
      });
    }
    return made;
  }
  Answering(Answering&&) = default;
  ~Answering() {
    if (state_) state_->done = true;
    for (auto& thread : threads_) thread.join();
  }

  std::vector<int> answered() const { return {state_->answered.begin(), state_->answered.end()}; }

 private:
  struct State {
    explicit State(std::size_t count) : answered(count) {}
    std::atomic<bool> done{false};
    std::vector<std::atomic<int>> answered;
  };

  explicit Answering(std::size_t count) : state_(std::make_shared<State>(count)) {}

  static bool answer(Response& response) {
    const auto asked = response.recv(milliseconds(20));
    if (asked) response.send("answer " + *asked);
    return asked.has_value();
  }
  static bool answer(Dealer& dealer) {
    const auto asked = dealer.recv(milliseconds(20));
    if (asked) dealer.send(asked->route, "answer " + asked->body);
    return asked.has_value();
  }

  std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;
};

int sum(const std::vector<int>& counts) {
  int total = 0;
  for (const int count : counts) total += count;
  return total;
}

}  // namespace

TEST_CASE("a proxy passes requests to a response, and its replies back") {
  Proxy proxy(0, 0);
  Request request(frontOf(proxy));
  Response response(backOf(proxy));
  for (const std::string& text : {std::string("ask"), std::string(), std::string(1 << 20, 'x')}) {
    request.send(text);
    CHECK((response.recv(kLimit) == text));
    response.send(text + " answered");
    CHECK((request.recv(kLimit) == text + " answered"));
  }
}

TEST_CASE("a thousand requests are under way at once, every dealer gets its own replies") {
  Proxy proxy(0, 0);
  const auto workers = Answering::with<Response>(backOf(proxy), 4);
  std::vector<Dealer> clients;
  for (int i = 0; i < 10; ++i) clients.emplace_back(frontOf(proxy));
  for (int n = 0; n < 100; ++n) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].sendWithEmptyFrame(std::to_string(i) + "." + std::to_string(n));
    }
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    std::set<std::string> expected, received;
    for (int n = 0; n < 100; ++n) {
      expected.insert("answer " + std::to_string(i) + "." + std::to_string(n));
      received.insert(clients[i].recv(kLimit).value_or(Routed{}).body);
    }
    CHECK((received == expected));
  }
}

TEST_CASE("5,000 requests of several clients through a proxy are all replied to, by all responders") {
  Proxy proxy(0, 0);
  const auto workers = Answering::with<Response>(backOf(proxy), 4);
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 5; ++c) {
    clients.emplace_back([&, c] {
      Request request(frontOf(proxy));
      for (int n = 0; n < 1000; ++n) {
        const std::string text = std::to_string(c) + "." + std::to_string(n);
        request.send(text);
        if (request.recv(kLimit) == "answer " + text) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(right == 5000);
  CHECK(eventually([&] { return sum(workers.answered()) == 5000; }));  // counted after it is sent
  for (const int answered : workers.answered()) CHECK(answered > 0);
}

TEST_CASE("50 dealer clients and 20 dealer workers meet through a proxy") {
  Proxy proxy(0, 0);
  const auto workers = Answering::with<Dealer>(backOf(proxy), 20);
  std::vector<Dealer> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(frontOf(proxy));
  for (int n = 0; n < 10; ++n) {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send({"way"}, std::to_string(i));
  }
  int right = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    for (int n = 0; n < 10; ++n) {
      const auto answer = clients[i].recv(kLimit);
      if (answer && answer->route == Route{"way"} && answer->body == "answer " + std::to_string(i)) ++right;
    }
  }
  CHECK(right == 500);
}

TEST_CASE("requests to a proxy wait while no back is there") {
  Proxy proxy(0, 0);
  std::vector<Request> requests;
  for (int i = 0; i < 10; ++i) requests.emplace_back(frontOf(proxy));
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].send(std::to_string(i));
  CHECK_FALSE(requests.front().wait(kShort));
  const auto workers = Answering::with<Response>(backOf(proxy), 1);
  for (std::size_t i = 0; i < requests.size(); ++i) CHECK(requests[i].recv(kLimit) == "answer " + std::to_string(i));
}

TEST_CASE("a proxy deals requests to its backs in turn") {
  Proxy proxy(0, 0);
  Request request(frontOf(proxy));
  // Both are there once each has had something.
  Response first(backOf(proxy)), second(backOf(proxy));
  std::map<Response*, int> answered;
  const auto round = [&] {
    request.send("ask");
    for (;;) {
      for (Response* response : {&first, &second}) {
        if (!response->recv(milliseconds(1))) continue;
        response->send("answer");
        REQUIRE(request.recv(kLimit));
        ++answered[response];
        return;
      }
    }
  };
  while (answered.size() < 2) round();
  answered.clear();
  for (int i = 0; i < 10; ++i) round();
  CHECK(answered[&first] == 5);
  CHECK(answered[&second] == 5);
}

TEST_CASE("a reply whose client is gone is dropped, logged, and the proxy goes on") {
  const LogCapture log;
  Proxy proxy(0, 0);
  Response response(backOf(proxy));
  std::optional<Request> gone(std::in_place, frontOf(proxy));
  gone->send("ask");
  REQUIRE(response.recv(kLimit) == "ask");
  const Events events;
  proxy.onEvent(events.handler());
  gone.reset();
  REQUIRE(events.wait(EventType::disconnected));
  // The proxy may learn of it after the first reply for nobody: one that it holds for a peer about to go.
  while (log.lines("whoever asked is gone").empty()) {
    response.send("for nobody");
    Dealer client(frontOf(proxy));
    client.sendWithEmptyFrame("ask");
    REQUIRE(response.recv(kLimit) == "ask");
  }
  CHECK(log.lines("whoever asked is gone").front().component == "connection::Proxy");
  response.send("for nobody");
  Request request(frontOf(proxy));
  request.send("next");
  REQUIRE(response.recv(kLimit) == "next");
  response.send("answer");
  CHECK(request.recv(kLimit) == "answer");
}

TEST_CASE("a proxy binds the ports it is given, and free ones for 0") {
  const auto front = PortManager::acquire(), back = PortManager::acquire();
  Proxy given(front, back);
  CHECK(given.frontPort() == front);
  CHECK(given.backPort() == back);
  CHECK(given.port() == front);
  CHECK(given.endpoint() == "tcp://0.0.0.0:" + std::to_string(front));
  Proxy free(0, 0);
  const std::set<std::uint16_t> ports{front, back, free.frontPort(), free.backPort()};
  CHECK(ports.size() == 4);
  CHECK(ports.count(0) == 0);
  CHECK(codeOf([&] { Proxy taken(front, 0); }) == std::errc::address_in_use);
  CHECK(codeOf([&] { Proxy taken(0, back); }) == std::errc::address_in_use);
  PortManager::release(front);
  PortManager::release(back);
}

TEST_CASE("a proxy stops whatever it is doing, from any thread, twice, and leaves its ports free") {
  const auto front = PortManager::acquire(), back = PortManager::acquire();
  for (const bool busy : {false, true}) {
    CAPTURE(busy);
    for (int i = 0; i < 5; ++i) {
      Proxy proxy(front, back);
      Dealer client(local(front)), worker(local(back));
      for (int n = 0; busy && n < 100; ++n) client.send("ask");
      std::vector<std::thread> stopping;
      for (int t = 0; t < 3; ++t) stopping.emplace_back([&] { proxy.stop(); });
      for (auto& thread : stopping) thread.join();
      proxy.stop();
      CHECK(proxy.frontPort() == front);
      CHECK(proxy.backPort() == back);
      const Response onFront(local(front), [] {
        SocketOptions binding;
        binding.attach = Attach::bind;
        return binding;
      }());
      const Publisher onBack(local(back));
    }
  }
  PortManager::release(front);
  PortManager::release(back);
}

TEST_CASE("a proxy that is destroyed stops") {
  const auto front = PortManager::acquire(), back = PortManager::acquire();
  for (int i = 0; i < 20; ++i) Proxy proxy(front, back);
  PortManager::release(front);
  PortManager::release(back);
}

TEST_CASE("a proxy may be stopped while requests wait for a back") {
  Proxy proxy(0, 0);
  Dealer client(frontOf(proxy));
  for (int i = 0; i < 100; ++i) client.send("ask");
  proxy.stop();
}

TEST_CASE("a proxy goes on in the object it is moved to") {
  Proxy original(0, 0);
  const std::string front = frontOf(original), back = backOf(original);
  const auto workers = Answering::with<Response>(back, 1);
  Proxy moved(std::move(original));
  Request request(front);
  request.send("ask");
  CHECK(request.recv(kLimit) == "answer ask");
  Proxy other(0, 0);
  other = std::move(moved);
  CHECK(frontOf(other) == front);
  request.send("ask again");
  CHECK(request.recv(kLimit) == "answer ask again");
  moved.stop();  // of a moved-from one: nothing
  CHECK(codeOf([&] { moved.frontPort(); }) == Errc::movedFrom);
  CHECK(codeOf([&] { moved.backPort(); }) == Errc::movedFrom);
  CHECK(whatOf([&] { moved.backPort(); }) == "connection::Proxy: moved from");
}

TEST_CASE("a proxy passes messages on that are larger or of more frames than it would hold") {
  Proxy proxy(0, 0);
  RawSocket asking(ZMQ_DEALER), answering(ZMQ_DEALER);
  asking.connect(frontOf(proxy));
  answering.connect(backOf(proxy));
  const Frames message(1000, std::string(1000, 'x'));
  asking.send(message);
  auto forwarded = answering.recv();
  REQUIRE(forwarded);
  CHECK(forwarded->size() == 1001);
  answering.send(*forwarded);
  CHECK((asking.recv() == message));
}

TEST_CASE("requests that have to wait for room at the back arrive whole, every one") {
  SocketOptions small;
  small.sendQueue = 8;  // more than the replies that one client may have on the way, less than all requests
  small.kernelSendBuffer = 64 * 1024;
  Proxy proxy(0, 0, small);
  constexpr int kClients = 8, kRequests = 30, kAtOnce = 3;
  std::atomic<int> answered{0};
  std::vector<std::thread> asking;
  for (int client = 0; client < kClients; ++client) {
    asking.emplace_back([&] {
      Dealer dealer(frontOf(proxy));
      const std::string large(256 * 1024, 'x');
      for (int i = 0; i < kRequests + kAtOnce; ++i) {
        if (i < kRequests) dealer.send({"id" + std::to_string(i), ""}, large);
        if (i < kAtOnce) continue;
        const auto reply = dealer.recv(kLimit);
        if (!reply || reply->body != "done") return;
        ++answered;
      }
    });
  }
  SocketOptions slow;
  slow.receiveQueue = 1;
  slow.kernelReceiveBuffer = 64 * 1024;
  Response response(backOf(proxy), slow);
  for (int i = 0; i < kClients * kRequests && response.wait(kLimit); ++i) {
    response.recv();
    response.send("done");
  }
  for (auto& thread : asking) thread.join();
  CHECK(answered == kClients * kRequests);
}

TEST_CASE("a reply for one who is gone takes nothing from another's request that waits for room at the back") {
  const LogCapture log;
  SocketOptions small;
  small.sendQueue = small.receiveQueue = 1;
  small.kernelSendBuffer = small.kernelReceiveBuffer = 4096;
  Proxy proxy(0, 0, small);
  RawSocket back(ZMQ_DEALER);
  back.set(ZMQ_RCVHWM, 1);
  back.set(ZMQ_RCVBUF, 4096);
  back.connect(backOf(proxy));
  std::optional<Dealer> gone(std::in_place, frontOf(proxy));
  gone->send("ask");
  const auto asked = back.recv();
  REQUIRE(asked);
  const Events events;
  proxy.onEvent(events.handler());
  gone.reset();
  REQUIRE(events.wait(EventType::disconnected));

  Dealer living(frontOf(proxy), small);
  const std::string large(50000, 'x');
  int sent = 0;
  while (living.send({"way"}, large, kShort)) ++sent;
  for (const auto limit = std::chrono::steady_clock::now() + kLimit;
       log.lines("whoever asked is gone").empty() && std::chrono::steady_clock::now() < limit;) {
    back.send({asked->front(), "for nobody"});
    std::this_thread::yield();
  }
  REQUIRE_FALSE(log.lines("whoever asked is gone").empty());
  std::string name;
  for (int i = 0; i < sent; ++i) {
    const auto request = back.recv();
    REQUIRE(request);
    REQUIRE(request->size() == 3);
    if (name.empty()) name = request->front();
    CHECK((request->front() == name));
    CHECK(request->at(1) == "way");
    CHECK((request->back() == large));
  }
}
