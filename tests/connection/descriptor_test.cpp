// Loops of one's own, which wait on the descriptors of sockets.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <dividere.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/tcp.hpp"

using namespace dividere::connection;
using namespace support;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kNow{0};

bool isReadable(int fd, milliseconds limit = kNow) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
}

/// What comes to a loop that looks when the descriptor says so, and at no other time.
template <class Socket>
bool comes(Socket& socket) {
  while (isReadable(socket.descriptor(), kLimit)) {
    if (socket.wait(kNow)) return true;
  }
  return false;
}

/// Looks until nothing is left to do for a loop.
template <class Socket>
void settle(Socket& socket) {
  do {
    while (socket.wait(kNow)) socket.recv();
  } while (isReadable(socket.descriptor(), milliseconds(20)));
}

/// Two that have met, and of whose meeting no signal is left.
struct Dealers {
  Dealer one{"tcp://127.0.0.1:*"};
  Dealer other{one.endpoint()};

  Dealers() {
    one.send("hello");
    REQUIRE(other.recv(kLimit));
    other.send("hello");
    REQUIRE(comes(one));
    settle(one);
  }
};

}  // namespace

TEST_CASE("a socket's descriptor is readable from a message's coming until all have been received") {
  Dealers dealers;
  CHECK_FALSE(isReadable(dealers.one.descriptor()));
  dealers.other.send("1");
  dealers.other.send("2");
  dealers.other.send("3");
  REQUIRE(comes(dealers.one));
  for (const char* expected : {"1", "2", "3"}) {
    CHECK(isReadable(dealers.one.descriptor(), kLimit));
    CHECK(dealers.one.recv(kLimit)->body == expected);
  }
  settle(dealers.one);
  CHECK_FALSE(isReadable(dealers.one.descriptor()));
}

TEST_CASE("what a send takes in of libzmq's signals does not keep the descriptor silent about a message") {
  Dealers dealers;
  dealers.other.send("1");
  REQUIRE(isReadable(dealers.one.descriptor(), kLimit));
  const auto until = std::chrono::steady_clock::now() + milliseconds(20);
  while (std::chrono::steady_clock::now() < until) dealers.one.send("sent", kNow);  // libzmq looks once a millisecond
  CHECK(isReadable(dealers.one.descriptor()));
  CHECK(dealers.one.recv(kNow)->body == "1");
}

TEST_CASE("a message that has come before the descriptor was asked for makes it readable") {
  Dealer one("tcp://127.0.0.1:*");
  Dealer other(one.endpoint());
  other.send("early");
  REQUIRE(one.wait(kLimit));
  CHECK(isReadable(one.descriptor()));
  CHECK(one.recv(kNow)->body == "early");
}

TEST_CASE("an edge-triggered epoll is told of each message that comes after nothing was left") {
  Dealers dealers;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  REQUIRE(::epoll_ctl(epoll, EPOLL_CTL_ADD, dealers.one.descriptor(), &event) == 0);
  for (int i = 0; i < 100; ++i) {
    dealers.other.send(std::to_string(i));
    std::optional<Routed> message;
    while (!message && ::epoll_wait(epoll, &event, 1, static_cast<int>(kLimit.count())) > 0) {
      while (dealers.one.wait(kNow)) message = dealers.one.recv();
    }
    REQUIRE(message);
    CHECK(message->body == std::to_string(i));
  }
  ::close(epoll);
}

TEST_CASE("a descriptor stays the same when its socket is moved") {
  Dealers dealers;
  const int before = dealers.one.descriptor();
  Dealer moved = std::move(dealers.one);
  CHECK(moved.descriptor() == before);
  dealers.other.send("1");
  CHECK(comes(moved));
}

TEST_CASE("a Request's descriptor is silent while nothing is asked, and tells of the reply") {
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  for (int i = 0; i < 3; ++i) {
    do {
      CHECK_FALSE(request.wait(kNow));
    } while (isReadable(request.descriptor(), milliseconds(20)));
    request.send("asked");
    REQUIRE(response.recv(kLimit));
    response.send("reply");
    REQUIRE(comes(request));
    CHECK(request.recv(kNow) == "reply");
  }
}

TEST_CASE("a Response's descriptor is silent while it owes a reply, and then tells of the next request") {
  Response response("tcp://127.0.0.1:*");
  Request first(response.endpoint()), second(response.endpoint());
  first.send("first");
  second.send("second");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(comes(response));
    response.recv();
    do {
      CHECK_FALSE(response.wait(kNow));
    } while (isReadable(response.descriptor(), milliseconds(20)));
    response.send("reply");
  }
  CHECK(first.recv(kLimit) == "reply");
  CHECK(second.recv(kLimit) == "reply");
}

TEST_CASE("a Publisher's descriptor tells of Subscribers that come and go, also if others look meanwhile") {
  Publisher publisher("tcp://127.0.0.1:*");
  const auto becomes = [&](std::size_t count) {
    while (publisher.subscribers() != count) {
      if (!isReadable(publisher.descriptor(), kLimit)) return false;
    }
    return true;
  };
  CHECK(becomes(0));
  std::optional<Subscriber> subscriber{publisher.endpoint()};
  CHECK(becomes(1));
  subscriber.reset();
  CHECK(becomes(0));
}

TEST_CASE("a loop that waits on a descriptor mends the link that a faulty peer has broken") {
  const auto port = PortManager::acquire();
  SocketOptions options;
  options.reconnect = milliseconds(10);
  Subscriber subscriber(local(port), "", options);
  settle(subscriber);
  {
    TcpListener listener(port);
    TcpStream stream = listener.accept();
    stream.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    REQUIRE(stream.endedByPeer());
  }
  Publisher publisher(local(port));
  while (publisher.subscribers() == 0) {
    if (isReadable(subscriber.descriptor(), milliseconds(20))) CHECK_FALSE(subscriber.wait(kNow));
  }
  publisher.send("through");
  CHECK(comes(subscriber));
  PortManager::release(port);
}
