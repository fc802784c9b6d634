// What all sockets have in common: they move, they end, and signals do not disturb them.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <zmq.h>
#include <dividere.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/child.hpp"
#include "support/events.hpp"
#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

template <class Socket>
constexpr bool kMovesOnly = std::is_nothrow_move_constructible_v<Socket>&& std::is_nothrow_move_assignable_v<Socket> &&
                            !std::is_copy_constructible_v<Socket> && !std::is_copy_assignable_v<Socket>;

static_assert(kMovesOnly<Publisher> && kMovesOnly<Subscriber> && kMovesOnly<Request> && kMovesOnly<Response> &&
              kMovesOnly<Dealer> && kMovesOnly<Proxy>);

/// What the layers above do with a socket is not for its user.
template <class Socket, class = void>
constexpr bool kShowsSocket = false;
template <class Socket>
constexpr bool kShowsSocket<Socket, std::void_t<decltype(std::declval<Socket&>().socket())>> = true;
template <class Socket, class = void>
constexpr bool kShowsReceiveFrame = false;
template <class Socket>
constexpr bool kShowsReceiveFrame<Socket, std::void_t<decltype(std::declval<Socket&>().receiveFrame(nullptr))>> = true;

static_assert(!kShowsSocket<Publisher> && !kShowsSocket<Proxy> && !kShowsReceiveFrame<Subscriber> &&
              !kShowsReceiveFrame<Request> && !kShowsReceiveFrame<Response>);

void checkMovedFrom(const std::string& who, const std::vector<std::function<void()>>& calls) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    CHECK(codeOf(calls[i]) == Errc::movedFrom);
    CHECK(whatOf(calls[i]) == who + ": moved from");
  }
}

/// Runs `blocking` in a thread and sends that thread signals all the while; calls `release` after some of them.
void disturb(const std::function<void()>& blocking, const std::function<void()>& release = nullptr) {
  struct sigaction former, noRestart{};
  noRestart.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &noRestart, &former);
  std::atomic<bool> done{false};
  std::promise<pthread_t> started;
  std::thread blocked([&] {
    started.set_value(::pthread_self());
    blocking();
    done = true;
  });
  const pthread_t target = started.get_future().get();
  for (int i = 0; !done; ++i) {
    ::pthread_kill(target, SIGUSR1);
    std::this_thread::yield();
    if (i == 200 && release) release();
  }
  blocked.join();
  ::sigaction(SIGUSR1, &former, nullptr);
}

}  // namespace

TEST_CASE("a socket goes on in the object it is moved to, with all it has") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), "a");
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("a waits");
  REQUIRE(subscriber.wait(kLimit));
  Publisher movedPublisher(std::move(publisher));
  Subscriber movedSubscriber(std::move(subscriber));
  CHECK(movedPublisher.subscribers() == 1);
  CHECK(movedSubscriber.recv(milliseconds(0)) == "a waits");
  movedPublisher.send("a");
  CHECK(movedSubscriber.recv(kLimit) == "a");

  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  request.send("ask");
  Request movedRequest(std::move(request));
  CHECK(codeOf([&] { movedRequest.send("out of turn"); }) == Errc::outOfTurn);
  REQUIRE(response.recv(kLimit) == "ask");
  Response movedResponse(std::move(response));
  movedResponse.send("answer");
  CHECK(movedRequest.recv(kLimit) == "answer");

  Dealer bound("tcp://127.0.0.1:*");
  Dealer dealer(bound.endpoint());
  Dealer movedDealer(std::move(dealer));
  movedDealer.send("moved");
  Dealer movedBound(std::move(bound));
  CHECK(movedBound.recv(kLimit).value().body == "moved");
}

TEST_CASE("a socket that another is moved to ends first, and frees what it held") {
  const auto port = PortManager::acquire();
  Publisher publisher(local(port));
  Publisher other("tcp://127.0.0.1:*");
  publisher = std::move(other);
  const Publisher onTheFreedPort(local(port));
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("abcd");
  CHECK(subscriber.recv(kLimit) == "abcd");
  subscriber = Subscriber(publisher.endpoint(), "b");
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  PortManager::release(port);
}

TEST_CASE("whatever a moved-from socket is asked, it throws movedFrom, and names its class") {
  Publisher p("tcp://127.0.0.1:*");
  Subscriber s(p.endpoint());
  Response r("tcp://127.0.0.1:*");
  Request q(r.endpoint());
  Dealer d("tcp://127.0.0.1:*");
  const Publisher p2(std::move(p));
  const Subscriber s2(std::move(s));
  const Response r2(std::move(r));
  const Request q2(std::move(q));
  const Dealer d2(std::move(d));
  const milliseconds now(0);
  checkMovedFrom("connection::Publisher",
                 {[&] { p.send("x"); }, [&] { p.send("x", now); }, [&] { p.waitForSubscribers(0, now); },
                  [&] { p.subscribers(); }, [&] { p.dropped(); }, [&] { p.endpoint(); }, [&] { p.port(); },
                  [&] { p.native(); }, [&] { p.onEvent(nullptr); }});
  checkMovedFrom("connection::Subscriber", {[&] { s.subscribe("x"); }, [&] { s.unsubscribe("x"); }, [&] { s.recv(); },
                                            [&] { s.recv(now); }, [&] { s.wait(now); }, [&] { s.endpoint(); }});
  checkMovedFrom("connection::Response",
                 {[&] { r.send("x"); }, [&] { r.recv(); }, [&] { r.recv(now); }, [&] { r.wait(now); }});
  checkMovedFrom("connection::Request",
                 {[&] { q.send("x"); }, [&] { q.recv(); }, [&] { q.recv(now); }, [&] { q.wait(now); }});
  checkMovedFrom("connection::Dealer",
                 {[&] { d.send("x"); }, [&] { d.send({"a"}, "x"); }, [&] { d.sendWithEmptyFrame("x"); },
                  [&] { d.recv(); }, [&] { d.recv(now); }, [&] { d.wait(now); }});
}

TEST_CASE("a moved-from socket may be given another") {
  Publisher publisher("tcp://127.0.0.1:*");
  const Publisher taken(std::move(publisher));
  publisher = Publisher("tcp://127.0.0.1:*");
  CHECK(publisher.port() != taken.port());
}

TEST_CASE("a socket may be handed from thread to thread") {
  Dealer bound("tcp://127.0.0.1:*");
  Dealer dealer(bound.endpoint());
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { dealer.send(std::to_string(i)); }).join();
    std::thread([&] { CHECK(bound.recv(kLimit).value_or(Routed{}).body == std::to_string(i)); }).join();
  }
}

TEST_CASE("signals do not end a wait, nor lose a message") {
  SUBCASE("of a subscriber") {
    Publisher publisher("tcp://127.0.0.1:*");
    Subscriber subscriber(publisher.endpoint());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    disturb([&] { CHECK(subscriber.recv(kLimit) == "abcd"); }, [&] { publisher.send("abcd"); });
    disturb([&] { CHECK(subscriber.recv() == "efgh"); }, [&] { publisher.send("efgh"); });
  }
  SUBCASE("of a publisher for its subscribers") {
    Publisher publisher("tcp://127.0.0.1:*");
    std::optional<Subscriber> subscriber;
    disturb([&] { CHECK(publisher.waitForSubscribers(1, kLimit)); }, [&] { subscriber.emplace(publisher.endpoint()); });
  }
  SUBCASE("of a request and a response") {
    Response response("tcp://127.0.0.1:*");
    Request request(response.endpoint());
    disturb([&] { CHECK(response.wait(kLimit)); }, [&] { request.send("ask"); });
    CHECK(response.recv() == "ask");
    disturb([&] { CHECK(request.recv(kLimit) == "answer"); }, [&] { response.send("answer"); });
  }
  SUBCASE("of a dealer that has nobody to send to") {
    Dealer bound("tcp://127.0.0.1:*");
    std::optional<Dealer> dealer;
    disturb([&] { bound.send("abcd"); }, [&] { dealer.emplace(bound.endpoint()); });
    CHECK(dealer->recv(kLimit).value().body == "abcd");
  }
}

TEST_CASE("signals do not shorten a time-out") {
  Dealer bound("tcp://127.0.0.1:*");
  Publisher publisher("tcp://127.0.0.1:*");
  const milliseconds timeout(100);
  const auto atLeast = [&](const std::function<void()>& wait) {
    const auto began = std::chrono::steady_clock::now();
    disturb(wait);
    CHECK(std::chrono::steady_clock::now() - began >= timeout);
  };
  atLeast([&] { CHECK_FALSE(bound.recv(timeout)); });
  atLeast([&] { CHECK_FALSE(bound.wait(timeout)); });
  atLeast([&] { CHECK_FALSE(bound.send("x", timeout)); });
  atLeast([&] { CHECK_FALSE(publisher.waitForSubscribers(1, timeout)); });
}

TEST_CASE("a thousand sockets may be opened and closed in a row, with messages that nobody takes") {
  const auto nobody = PortManager::acquire();
  SocketOptions options;
  options.linger = milliseconds(1);
  for (int i = 0; i < 1000; ++i) {
    Dealer dealer(local(nobody), options);
    dealer.send("for nobody");
  }
  PortManager::release(nobody);
}

TEST_CASE("a pair that is in use may be destroyed in any order") {
  for (int i = 0; i < 50; ++i) {
    std::optional<Publisher> publisher(std::in_place, "tcp://127.0.0.1:*");
    std::optional<Subscriber> subscriber(std::in_place, publisher->endpoint());
    std::optional<Response> response(std::in_place, "tcp://127.0.0.1:*");
    std::optional<Request> request(std::in_place, response->endpoint());
    publisher->send("abcd");
    request->send("ask");
    if (i % 2) subscriber.reset();
    if (i % 3) response.reset();
    publisher.reset();
    request.reset();
  }
}

TEST_CASE("sockets may be made and destroyed in several threads at once while their events are told") {
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      SocketOptions options;
      options.onEvent = [&](const SocketEvent&) { ++told; };
      for (int i = 0; i < 50; ++i) {
        Publisher publisher("tcp://127.0.0.1:*", options);
        Subscriber subscriber(publisher.endpoint(), "", options);
        if (i % 2 == 0) publisher.waitForSubscribers(1, kLimit);
        publisher.onEvent(nullptr);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(told > 0);
}

// The sanitizers themselves need descriptors to look at an object, and complain of objects when there are none.
#if defined(__SANITIZE_ADDRESS__) || defined(DIVIDERE_THREAD_SANITIZER)
constexpr bool kCannotRunOut = true;
#else
constexpr bool kCannotRunOut = false;
#endif

TEST_CASE("a process that runs out of descriptors gets an error, and is not aborted" * doctest::skip(kCannotRunOut)) {
  for (const std::string kind :
       {"publisher", "ipc-publisher", "inproc-publisher", "subscriber", "request", "proxy", "context"}) {
    CAPTURE(kind);
    Program program("descriptors", {kind});
    CHECK(program.output() == "");
    CHECK(program.status() == 0);
  }
}
