#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/threads.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

template <class Value = int>
Value get(Connector& socket, int option) {
  Value value{};
  std::size_t size = sizeof value;
  REQUIRE(zmq_getsockopt(socket.native(), option, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("every socket has the defaults that suit most") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  Dealer dealer("tcp://127.0.0.1:*");
  Proxy proxy(0, 0);
  // A proxy's socket is its thread's: looked at before that runs it.
  for (Connector* socket : std::vector<Connector*>{&publisher, &subscriber, &response, &request, &dealer}) {
    CHECK(get(*socket, ZMQ_SNDHWM) == (socket == &subscriber ? 0 : 1000));
    CHECK(get(*socket, ZMQ_RCVHWM) == 1000);
    CHECK(get<std::int64_t>(*socket, ZMQ_MAXMSGSIZE) == (socket == &publisher ? 4128 : 256 * 1024 * 1024));
    CHECK(get(*socket, ZMQ_HANDSHAKE_IVL) == 10000);
    CHECK(get(*socket, ZMQ_BACKLOG) == 1024);
    CHECK(get(*socket, ZMQ_RECONNECT_IVL) == 100);
    CHECK(get(*socket, ZMQ_RECONNECT_IVL_MAX) == 5000);
    CHECK(get(*socket, ZMQ_TCP_KEEPALIVE) == 1);
    CHECK(get(*socket, ZMQ_TCP_KEEPALIVE_IDLE) == 10);
    CHECK(get(*socket, ZMQ_TCP_KEEPALIVE_INTVL) == 3);
    CHECK(get(*socket, ZMQ_TCP_KEEPALIVE_CNT) == 3);
    CHECK(get(*socket, ZMQ_HEARTBEAT_IVL) == 0);
    CHECK(get(*socket, ZMQ_LINGER) == (socket == &subscriber ? 0 : 1000));
    char domain[32]{};
    std::size_t size = sizeof domain;
    REQUIRE(zmq_getsockopt(socket->native(), ZMQ_ZAP_DOMAIN, domain, &size) == 0);
    CHECK(std::string(domain) == "dividere");
  }
  void* context = Context::shared()->native();
  CHECK(zmq_ctx_get(context, ZMQ_MAX_SOCKETS) == 65535);
  CHECK(zmq_ctx_get(context, ZMQ_IO_THREADS) == 1);
  CHECK(zmq_ctx_get(context, ZMQ_BLOCKY) == 0);
}

TEST_CASE("options reach the socket") {
  SocketOptions options;
  options.sendQueue = 11;
  options.receiveQueue = 12;
  options.linger = milliseconds(13);
  options.maxMessageBytes = 14000;
  options.kernelSendBuffer = 15000;
  options.kernelReceiveBuffer = 16000;
  options.reconnect = milliseconds(17);
  options.reconnectMax = milliseconds(18);
  Dealer dealer("tcp://127.0.0.1:*", options);
  CHECK(get(dealer, ZMQ_SNDHWM) == 11);
  CHECK(get(dealer, ZMQ_RCVHWM) == 12);
  CHECK(get(dealer, ZMQ_LINGER) == 13);
  CHECK(get<std::int64_t>(dealer, ZMQ_MAXMSGSIZE) == 14000);
  CHECK(get(dealer, ZMQ_SNDBUF) == 15000);
  CHECK(get(dealer, ZMQ_RCVBUF) == 16000);
  CHECK(get(dealer, ZMQ_RECONNECT_IVL) == 17);
  CHECK(get(dealer, ZMQ_RECONNECT_IVL_MAX) == 18);
}

TEST_CASE("a request's native socket is relaxed and correlated, a publisher's is an XPUB, and so on") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  Dealer dealer("tcp://127.0.0.1:*");
  CHECK(get(publisher, ZMQ_TYPE) == ZMQ_XPUB);
  CHECK(get(subscriber, ZMQ_TYPE) == ZMQ_SUB);
  CHECK(get(response, ZMQ_TYPE) == ZMQ_REP);
  CHECK(get(request, ZMQ_TYPE) == ZMQ_REQ);
  CHECK(get(dealer, ZMQ_TYPE) == ZMQ_DEALER);
  Proxy proxy(0, 0);
  proxy.stop();
  CHECK_NOTHROW(proxy.native());
}

TEST_CASE("a socket destroyed goes on sending for its linger time, and no longer") {
  for (const int linger : {-1, 0}) {
    CAPTURE(linger);
    const auto port = PortManager::acquire();
    SocketOptions options;
    options.reconnect = milliseconds(10);
    options.linger = milliseconds(linger);
    { Dealer(local(port), options).send("from one who is gone"); }
    SocketOptions binding;
    binding.attach = Attach::bind;
    if (linger == 0) {
      // Gone at once: the watcher ends with the last socket, and this was it.
      REQUIRE(eventually([] { return threads("dividere-watch") == 0; }));
    }
    Dealer receiving(local(port), binding);
    Dealer later(local(port), options);
    if (linger < 0) CHECK(receiving.recv(kLimit).value_or(Routed{}).body == "from one who is gone");
    later.send("later");
    CHECK(receiving.recv(kLimit).value_or(Routed{}).body == "later");
    PortManager::release(port);
  }
}

TEST_CASE("a peer that sends more than maxMessageBytes is disconnected, and others go on") {
  const Events events;
  SocketOptions options = events.options();
  options.maxMessageBytes = 100;
  Dealer dealer("tcp://127.0.0.1:*", options);
  RawSocket greedy(ZMQ_DEALER), modest(ZMQ_DEALER);
  greedy.connect(dealer.endpoint());
  modest.connect(dealer.endpoint());
  greedy.send({std::string(101, 'x')});
  REQUIRE(events.wait(EventType::disconnected));
  modest.send({std::string(100, 'x')});
  CHECK(dealer.recv(kLimit).value_or(Routed{}).body.size() == 100);
  CHECK_FALSE(dealer.wait(milliseconds(0)));
}

TEST_CASE("a publisher sends nothing larger than maxMessageBytes, and goes on") {
  SocketOptions options;
  options.maxMessageBytes = 100;
  Publisher publisher("tcp://127.0.0.1:*", options);
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto send101 = [&] { publisher.send(std::string(101, 'x')); };
  CHECK(codeOf(send101) == Errc::tooLarge);
  CHECK(whatOf(send101) == "connection::Publisher: send 101 bytes, where maxMessageBytes is 100: too large");
  publisher.send(std::string(100, 'x'));
  CHECK(subscriber.recv(kLimit).value_or("").size() == 100);
}

TEST_CASE("the configure hook has the last word on the native socket, before it is bound") {
  std::string endpointThen = "not called";
  SocketOptions options;
  options.receiveQueue = 5;
  options.configure = [&](void* socket) {
    char endpoint[256]{};
    std::size_t size = sizeof endpoint;
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size);
    endpointThen = endpoint;
    const int seven = 7;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &seven, sizeof seven);
  };
  Dealer dealer("tcp://127.0.0.1:*", options);
  CHECK(endpointThen == "");
  CHECK(get(dealer, ZMQ_RCVHWM) == 7);
}

TEST_CASE("a native socket waits for as long as libzmq's default, or the configure hook, says") {
  Dealer plain("tcp://127.0.0.1:*");
  CHECK(get(plain, ZMQ_RCVTIMEO) == -1);

  SocketOptions options;
  options.configure = [](void* socket) {
    const int own = 12345;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &own, sizeof own);
  };
  Dealer configured("tcp://127.0.0.1:*", options);
  CHECK_FALSE(configured.recv(milliseconds(30)));
  CHECK(get(configured, ZMQ_RCVTIMEO) == 12345);
  CHECK_FALSE(configured.recv(milliseconds(30)));
}

TEST_CASE("what the configure hook throws is thrown by the constructor, and nothing is left behind") {
  const auto port = PortManager::acquire();
  SocketOptions options;
  options.configure = [](void*) { throw std::runtime_error("no such key"); };
  for (int i = 0; i < 3; ++i) CHECK_THROWS_WITH(Publisher(local(port), options), "no such key");
  options.configure = nullptr;
  CHECK_NOTHROW(Publisher(local(port), options));
  PortManager::release(port);
}

TEST_CASE("ZMQ_CONFLATE is refused in words by every socket, as it would lose subscriptions and frames") {
  SocketOptions options;
  options.configure = [](void* socket) {
    const int on = 1;
    zmq_setsockopt(socket, ZMQ_CONFLATE, &on, sizeof on);
  };
  const auto subscribe = [&] { Subscriber(local(1), "", options); };
  CHECK(codeOf(subscribe) == std::errc::invalid_argument);
  CHECK(contains(whatOf(subscribe), "connection::Subscriber: ZMQ_CONFLATE"));
  CHECK(contains(whatOf(subscribe), "use SubscriberOptions::latest"));
  CHECK(contains(whatOf([&] { Dealer(local(1), options); }), "keeps the last frame of a message alone"));
  for (const auto& what :
       {whatOf([&] { Publisher("tcp://127.0.0.1:*", options); }), whatOf([&] { Request(local(1), options); }),
        whatOf([&] { Response("tcp://127.0.0.1:*", options); })}) {
    CHECK(contains(what, "ZMQ_CONFLATE has no effect here"));
  }
}

TEST_CASE("an option that libzmq refuses is an error") {
  SocketOptions options;
  options.sendQueue = -1;
  CHECK(codeOf([&] { Dealer dealer("tcp://127.0.0.1:*", options); }) == std::errc::invalid_argument);
}

TEST_CASE("a private context has its own threads, is kept alive by its sockets, and ends with them") {
  const Events events;
  auto context = std::make_shared<Context>(2);
  CHECK(zmq_ctx_get(context->native(), ZMQ_IO_THREADS) == 2);
  CHECK(zmq_ctx_get(context->native(), ZMQ_MAX_SOCKETS) == 65535);
  const std::weak_ptr<Context> observed = context;
  SocketOptions options = events.options();
  options.context = context;
  context.reset();
  {
    Publisher publisher("tcp://127.0.0.1:*", options);
    Subscriber subscriber(publisher.endpoint(), "", options);
    options.context.reset();
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send("abcd");
    CHECK(subscriber.recv(kLimit) == "abcd");
    CHECK_FALSE(observed.expired());
    CHECK(events.wait(EventType::handshakeSucceeded));  // of its sockets there are events as well
  }
  CHECK(observed.expired());
}

TEST_CASE("a private context ends although nobody takes what its sockets sent") {
  const auto port = PortManager::acquire();
  for (const bool monitored : {true, false}) {
    CAPTURE(monitored);
    SocketOptions options;
    options.context = std::make_shared<Context>();
    options.linger = milliseconds(20);
    options.monitor = monitored;
    for (int i = 0; i < 3; ++i) Dealer(local(port), options).send("for nobody");
    options.context.reset();
  }
  PortManager::release(port);
}

TEST_CASE("a private context that was never used ends") {
  for (int i = 0; i < 10; ++i) const Context context;
}

TEST_CASE("the last socket of a private context may be destroyed by its own event handler") {
  std::optional<Dealer> doomed;
  SocketOptions options;
  options.context = std::make_shared<Context>();
  Events destroyed;
  std::promise<void> made;
  options.onEvent = [&, tell = destroyed.handler()](const SocketEvent& event) {
    if (event.type != EventType::handshakeSucceeded) return;
    made.get_future().wait();
    doomed.reset();
    tell(event);
  };
  Dealer peer("tcp://127.0.0.1:*");
  doomed.emplace(peer.endpoint(), options);
  options.context.reset();
  made.set_value();
  CHECK(destroyed.wait(EventType::handshakeSucceeded));
  // Of others there are still events.
  const Events events;
  const Dealer next(peer.endpoint(), events.options());
  CHECK(events.wait(EventType::handshakeSucceeded));
}
