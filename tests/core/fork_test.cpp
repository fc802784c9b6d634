#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

/// One socket of each kind, joined to each other.
struct Family {
  std::optional<Publisher> publisher{std::in_place, "tcp://127.0.0.1:*"};
  std::optional<Subscriber> subscriber{std::in_place, publisher->endpoint()};
  std::optional<Response> response{std::in_place, "tcp://127.0.0.1:*"};
  std::optional<Request> request{std::in_place, response->endpoint()};
  std::optional<Proxy> proxy{std::in_place, std::uint16_t{0}, std::uint16_t{0}};
  std::optional<Dealer> asking{std::in_place, local(proxy->frontPort())};
  std::optional<Dealer> answering{std::in_place, local(proxy->backPort())};

  /// Whether messages go all ways.
  void use(const std::string& text) {
    expect(publisher->waitForSubscribers(1, kLimit), "a subscriber");
    publisher->send(text);
    expect(subscriber->recv(kLimit) == text, "the subscriber's message");
    request->send(text);
    expect(response->recv(kLimit) == text, "the request");
    response->send(text);
    expect(request->recv(kLimit) == text, "the reply");
    asking->send(text);
    const auto asked = answering->recv(kLimit);
    expect(asked && asked->body == text, "the dealer's request");
    answering->send(asked->route, text);
    const auto answered = asking->recv(kLimit);
    expect(answered && answered->body == text, "the dealer's reply");
  }

  void destroy() {
    answering.reset();
    asking.reset();
    proxy.reset();
    request.reset();
    response.reset();
    subscriber.reset();
    publisher.reset();
  }
};

using Call = std::function<void()>;

/// Everything that can be asked of them.
std::vector<Call> callsOf(Family& f) {
  return {
      [&] { f.publisher->send("x"); },
      [&] { f.publisher->send("x", milliseconds(0)); },
      [&] { f.publisher->waitForSubscribers(0, milliseconds(0)); },
      [&] { f.publisher->subscribers(); },
      [&] { f.publisher->dropped(); },
      [&] { f.publisher->endpoint(); },
      [&] { f.publisher->port(); },
      [&] { f.publisher->native(); },
      [&] { f.publisher->onEvent(nullptr); },
      [&] { f.subscriber->subscribe("x"); },
      [&] { f.subscriber->unsubscribe("x"); },
      [&] { f.subscriber->recv(); },
      [&] { f.subscriber->recv(milliseconds(0)); },
      [&] { f.subscriber->wait(milliseconds(0)); },
      [&] { f.request->send("x"); },
      [&] { f.request->recv(); },
      [&] { f.request->recv(milliseconds(0)); },
      [&] { f.request->wait(milliseconds(0)); },
      [&] { f.response->send("x"); },
      [&] { f.response->recv(); },
      [&] { f.response->recv(milliseconds(0)); },
      [&] { f.response->wait(milliseconds(0)); },
      [&] { f.asking->send("x"); },
      [&] {
        f.asking->send({"a", "b"}, "x");
      },
      [&] { f.asking->sendWithEmptyFrame("x"); },
      [&] { f.asking->recv(); },
      [&] { f.asking->recv(milliseconds(0)); },
      [&] { f.asking->wait(milliseconds(0)); },
      [&] { f.proxy->frontPort(); },
      [&] { f.proxy->backPort(); },
  };
}

}  // namespace

TEST_SUITE_BEGIN("fork" * doctest::skip(!support::kCanForkAmidAllocations));

TEST_CASE("in a forked child its parent's objects throw otherProcess, whatever they are asked") {
  Family family;
  const auto calls = callsOf(family);
  const auto throwThat = [&] {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      expect(codeOf(calls[i]) == Errc::otherProcess, "call " + std::to_string(i) + " throws otherProcess");
    }
  };
  CHECK(inFork(throwThat) == "");
  family.use("still fine in the parent");
}

TEST_CASE("a forked child may destroy, stop and replace its parent's objects, and the parent's go on") {
  Family family;
  family.use("before");
  const auto destroyAll = [&] {
    family.proxy->stop();
    family.publisher = Publisher("tcp://127.0.0.1:*");
    expect(family.publisher->port() != 0, "a publisher of the child's own");
    family.destroy();
  };
  for (int i = 0; i < 3; ++i) {
    CHECK(inFork(destroyAll) == "");
    family.use("after " + std::to_string(i));
  }
}

TEST_CASE("a forked child can have sockets of its own, and so can its child") {
  Family parents;
  parents.use("parent");
  const auto useOwn = [] {
    Family own;
    own.use("child");
  };
  const auto useOwnThenFork = [&] {
    useOwn();
    expect(inFork(useOwn) == "", "the grandchild's sockets");
    useOwn();
  };
  CHECK(inFork(useOwnThenFork) == "");
  parents.use("parent again");
}

TEST_CASE("a child forked before the library was used, and its parent, have nothing in common") {
  // The helper process forks first.
  CHECK(inFork([] {
          const auto useOwn = [] {
            Publisher publisher("tcp://127.0.0.1:*");
            Subscriber subscriber(publisher.endpoint());
            expect(publisher.waitForSubscribers(1, kLimit), "a subscriber");
          };
          Fork inner(useOwn);
          useOwn();
          expect(inner.report() == "", "the inner child");
        }) == "");
}

TEST_CASE("a child may be forked while other threads log, make sockets and acquire ports" *
          doctest::skip(!support::kCanForkAmidAllocations)) {
  const LogCapture log;
  std::atomic<bool> done{false};
  std::vector<std::thread> busy;
  busy.emplace_back([&] {
    while (!done) PortManager::release(PortManager::acquire());
  });
  busy.emplace_back([&] {
    while (!done) {
      const Publisher publisher("tcp://127.0.0.1:*");
      const Subscriber subscriber(publisher.endpoint());
    }
  });
  std::string reports;
  for (int i = 0; i < 20; ++i) {
    reports += inFork([] {
      PortManager::release(PortManager::acquire());
      Publisher publisher("tcp://127.0.0.1:*");
      Subscriber subscriber(publisher.endpoint());
      expect(publisher.waitForSubscribers(1, kLimit), "a subscriber");
    });
  }
  done = true;
  for (auto& thread : busy) thread.join();
  CHECK(reports == "");
}

TEST_CASE("a forked child may destroy a socket whose event handler was running in the parent") {
  std::promise<void> running, goOn;
  SocketOptions options;
  options.onEvent = [&, first = true](const SocketEvent&) mutable {
    if (!std::exchange(first, false)) return;
    running.set_value();
    goOn.get_future().wait();
  };
  std::optional<Publisher> publisher(std::in_place, "tcp://127.0.0.1:*", options);
  running.get_future().wait();
  CHECK(inFork([&] { publisher.reset(); }) == "");
  goOn.set_value();
}

TEST_CASE("a forked child may drop its parent's private context") {
  auto context = std::make_shared<Context>();
  zmq_close(zmq_socket(context->native(), ZMQ_PAIR));  // it has threads now, which the child has not
  CHECK(inFork([&] { context.reset(); }) == "");
}

TEST_CASE("a forked child is not given a port that its parent holds") {
  std::set<std::uint16_t> held;
  for (int i = 0; i < 10; ++i) held.insert(PortManager::acquire());
  CHECK(inFork([&] {
          for (int i = 0; i < 50; ++i) expect(held.insert(PortManager::acquire()).second, "a port held by nobody");
        }) == "");
  for (const auto port : held) PortManager::release(port);
}

TEST_CASE("after a fork random names differ") {
  // Dealers are named at random; two of one name would not both be replied to.
  Proxy proxy(0, 0);
  const std::string front = local(proxy.frontPort());
  Dealer backend(local(proxy.backPort()));
  const auto ask = [front](const std::string& text) {
    Dealer asking(front);
    asking.send(text);
    const auto answer = asking.recv(kLimit);
    expect(answer && answer->body == text, "an answer to " + text);
  };
  Fork first([&] { ask("first"); }), second([&] { ask("second"); });
  std::set<std::string> names;
  std::vector<Routed> asked;
  for (int i = 0; i < 2; ++i) {
    asked.push_back(backend.recv(kLimit).value());
    names.insert(asked.back().route.at(0));
  }
  for (const auto& request : asked) backend.send(request.route, request.body);
  CHECK(names.size() == 2);
  CHECK(first.report() == "");
  CHECK(second.report() == "");
}

TEST_SUITE_END();
