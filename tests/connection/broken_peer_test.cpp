// Peers that speak no ZeroMQ, or are of a kind that does not fit.
#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"

using namespace dividere::connection;
using namespace support;
using std::chrono::milliseconds;

namespace {

constexpr const char* kAnswerOfAWebServer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

/// What ZMTP 1 takes for a peer without a name, and a message "abc".
const std::string kSevenBytes(
    "\x01\x00\x04\x00"
    "abc",
    7);

const std::string kWebRequest =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + std::string(100, 'x') + "\r\n\r\n";

SocketOptions quick(const Events& events = Events()) {
  SocketOptions options = events.options();
  options.reconnect = milliseconds(10);
  return options;
}

SocketOptions binding() {
  SocketOptions options;
  options.attach = Attach::bind;
  return options;
}

/// Sits on a port until somebody has connected, who then is lost to libzmq, and is gone.
struct FaultyPeer {
  std::string what;
  std::function<void(std::uint16_t port, const Events& events)> meet;
};

const std::vector<FaultyPeer> kFaultyPeers = {
    {"a web server",
     [](std::uint16_t port, const Events&) {
       TcpListener listener(port);
       TcpStream stream = listener.accept();
       stream.send(kAnswerOfAWebServer);
       CHECK(stream.endedByPeer());
     }},
    {"a ZeroMQ socket of another kind",
     [](std::uint16_t port, const Events& events) {
       RawSocket pair(ZMQ_PAIR);
       pair.bind(local(port));
       REQUIRE(events.waitForLoss());
     }},
};

}  // namespace

TEST_CASE("a subscriber whose port was a faulty peer's gets through to the publisher that comes after") {
  for (const auto& peer : kFaultyPeers) {
    CAPTURE(peer.what);
    const LogCapture log(dividere::LogLevel::info);
    const Events events;
    const auto port = PortManager::acquire();
    Subscriber subscriber(local(port), "", quick(events));
    peer.meet(port, events);
    Publisher publisher(local(port));
    REQUIRE(eventually([&] { return subscriber.wait(milliseconds(10)) || publisher.subscribers() == 1; }));
    publisher.send("through");
    CHECK(subscriber.recv(kLimit) == "through");
    // Of another socket libzmq may think that it has merely gone, and try again by itself.
    if (&peer == &kFaultyPeers.front()) CHECK(log.wait(local(port) + ": the peer does not speak ZeroMQ"));
    PortManager::release(port);
  }
}

TEST_CASE("a request whose port was a faulty peer's gets through to the response that comes after") {
  for (const auto& peer : kFaultyPeers) {
    CAPTURE(peer.what);
    const Events events;
    const auto port = PortManager::acquire();
    Request request(local(port), quick(events));
    peer.meet(port, events);
    Response response(local(port), binding());
    request.send("ask");  // perhaps to be lost with the faulty peer: it was the one to reply
    CHECK(eventually([&] {
      while (response.recv(milliseconds(10))) response.send("answer");
      if (request.recv(kShort) == "answer") return true;  // not that to a request given up
      request.send("ask");
      return false;
    }));
    PortManager::release(port);
  }
}

TEST_CASE("a dealer whose port was a faulty peer's gets through to the one that comes after") {
  for (const auto& peer : kFaultyPeers) {
    CAPTURE(peer.what);
    const Events events;
    const auto port = PortManager::acquire();
    Dealer dealer(local(port), quick(events));
    peer.meet(port, events);
    Dealer other(local(port), binding());
    REQUIRE(eventually([&] { return dealer.wait(milliseconds(10)) || other.send("through", milliseconds(0)); }));
    CHECK(dealer.recv(kLimit).value_or(Routed{}).body == "through");
    dealer.send("back");
    CHECK(other.recv(kLimit).value_or(Routed{}).body == "back");
    PortManager::release(port);
  }
}

TEST_CASE("a socket blocked in its call is healed in it") {
  const Events events;
  const auto port = PortManager::acquire();
  Subscriber subscriber(local(port), "", quick(events));
  std::thread serving([&] {
    kFaultyPeers[0].meet(port, events);
    kFaultyPeers[0].meet(port, events);  // connects again, and is refused again
    Publisher publisher(local(port));
    publisher.waitForSubscribers(1, kLimit);
    publisher.send("through");
  });
  CHECK(subscriber.recv(kLimit) == "through");
  serving.join();
  PortManager::release(port);
}

TEST_CASE("of several endpoints the faulty one does not keep the others from working") {
  TcpListener faulty;
  Response response("tcp://127.0.0.1:*");
  Request request({local(faulty.port()), response.endpoint()}, quick());
  std::thread serving([&] {
    TcpStream stream = faulty.accept();
    stream.send(kAnswerOfAWebServer);
    stream.endedByPeer();
    faulty.close();
  });
  int answered = 0;
  for (int i = 0; i < 100 && answered < 3; ++i) {
    request.send("ask");
    if (response.recv(milliseconds(50))) response.send("answer");
    if (request.recv(milliseconds(50)) == "answer") ++answered;
  }
  CHECK(answered == 3);
  serving.join();
}

TEST_CASE("seven bytes of junk are no message to any socket that is bound") {
  // They are one to plain ZeroMQ: else this would prove nothing.
  RawSocket plain(ZMQ_DEALER);
  const std::string plainEndpoint = plain.bind();
  TcpStream toPlain =
      TcpStream::connect(static_cast<std::uint16_t>(std::stoul(plainEndpoint.substr(plainEndpoint.rfind(':') + 1))));
  toPlain.send(kSevenBytes);
  REQUIRE(plain.recv() == Frames{"abc"});

  Dealer dealer("tcp://127.0.0.1:*");
  Subscriber subscriber("tcp://127.0.0.1:*", "", binding());
  for (Connector* bound : std::initializer_list<Connector*>{&dealer, &subscriber}) {
    TcpStream stream = TcpStream::connect(bound->port());
    stream.send(kSevenBytes);
    CHECK(stream.endedByPeer());
  }
  CHECK_FALSE(dealer.wait(milliseconds(0)));
  CHECK_FALSE(subscriber.wait(milliseconds(0)));
  Dealer proper(dealer.endpoint());
  proper.send("proper");
  CHECK(dealer.recv(kLimit).value().body == "proper");
}

TEST_CASE("a web request to a publisher is no subscriber") {
  RawSocket plain(ZMQ_XPUB);
  const std::string plainEndpoint = plain.bind();
  TcpStream toPlain =
      TcpStream::connect(static_cast<std::uint16_t>(std::stoul(plainEndpoint.substr(plainEndpoint.rfind(':') + 1))));
  toPlain.send(kWebRequest);
  REQUIRE(plain.recv() == Frames{"\1"});

  Publisher publisher("tcp://127.0.0.1:*");
  TcpStream stream = TcpStream::connect(publisher.port());
  stream.send(kWebRequest);
  CHECK(stream.endedByPeer());
  CHECK(publisher.subscribers() == 0);
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  CHECK(publisher.subscribers() == 1);
}

TEST_CASE("junk to a response or a proxy is no request, and the next request is replied to") {
  Response response("tcp://127.0.0.1:*");
  Proxy proxy(0, 0);
  for (const std::uint16_t port : {response.port(), proxy.frontPort(), proxy.backPort()}) {
    for (const std::string& junk : {kSevenBytes, kWebRequest, std::string(1000, '\xFF'), std::string(1000, '\0')}) {
      TcpStream stream = TcpStream::connect(port);
      stream.send(junk);
      CHECK(stream.endedByPeer());
    }
  }
  Request direct(response.endpoint());
  direct.send("ask");
  CHECK(response.recv(kLimit) == "ask");
  Response behind(local(proxy.backPort()));
  Request request(local(proxy.frontPort()));
  request.send("ask");
  CHECK(behind.recv(kLimit) == "ask");
  behind.send("answer");
  CHECK(request.recv(kLimit) == "answer");
}

TEST_CASE("a dealer that meets itself on a dead port is cut off") {
  // By way of libzmq's own syntax for the local end of a connection: given the port it connects to, it meets itself.
  const auto nobody = PortManager::acquire(), own = PortManager::acquire();
  const Events events;
  Dealer dealer(local(nobody), quick(events));
  PortManager::release(own);
  const std::string itself = local(own) + ";127.0.0.1:" + std::to_string(own);
  REQUIRE(zmq_connect(dealer.native(), itself.c_str()) == 0);
  REQUIRE(events.wait(EventType::connected));
  CHECK(events.wait(EventType::disconnected));
  PortManager::release(nobody);
}
