// A reactor with nothing to do does nothing, and yet misses nothing.

#include <time.h>

#include "kit.hpp"
#include "support/events.hpp"
#include "support/eventually.hpp"

using namespace kit;
using dividere::connection::EventType;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Subscriber;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

/// What the calling thread has used of a processor.
std::chrono::nanoseconds ownCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Which part of a processor the reactor's thread uses while its timer comes twenty times.
class CpuMeter {
 public:
  void watch(MtMsgReactor& reactor) {
    reactor.every(10ms, [this] { ticks_.add({std::chrono::steady_clock::now(), ownCpuTime()}); });
  }

  double use() {
    const std::size_t from = ticks_.count() + 1;  // from the next tick on
    REQUIRE(ticks_.reach(from + 20));
    const auto all = ticks_.all();
    const auto &first = all[from - 1], &last = all[from + 19];
    return std::chrono::duration<double>(last.second - first.second) /
           std::chrono::duration<double>(last.first - first.first);
  }

 private:
  Notes<std::pair<std::chrono::steady_clock::time_point, std::chrono::nanoseconds>> ticks_;
};

constexpr double kNothing = 0.1;  // one that spins uses 1, or its share of a busy machine

}  // namespace

TEST_CASE("an idle reactor uses no processor, whatever its ten sockets are and have gone through") {
  const LogNotes log;
  Raw server(ZMQ_ROUTER);
  const std::string served = server.bind();
  Publisher publisher("tcp://127.0.0.1:*");
  dividere::connection::PortManager ports;
  const std::uint16_t nobody = ports.acquire();

  Notes<std::string> heard;
  CpuMeter cpu;
  MtMsgReactor reactor;
  const std::string response = addResponse(reactor), dealer = addDealer(reactor);
  Request replied(served), waiting(served), silent(served);
  replied.send(msg01("replied"));
  waiting.send(msg01("never replied to"));
  reactor.add(std::move(replied)).add(std::move(waiting)).add(std::move(silent));
  reactor.add(Request(at(nobody))).add(Dealer(at(nobody))).add(Subscriber(at(nobody)));
  reactor.add(Subscriber(publisher.endpoint())).add(Response(at(nobody), [] {
    dividere::connection::SocketOptions options;
    options.attach = dividere::connection::Attach::connect;
    return options;
  }()));
  reactor
      .on([&](const Msg01& message, Sender& sender) {
        heard.add(message.field1());
        if (message.field1() == "asked") sender.send(message);
      })
      .on([](const Msg02&) { throw 1; });
  cpu.watch(reactor);
  reactor.start();

  const auto echo = [&] {
    auto frames = server.recv();
    if (answerIn(frames.back()) == "replied") server.send(frames);
  };
  echo();
  echo();
  REQUIRE(heard.reachOne("replied"));
  Request request(response);
  CHECK(ask(request, msg01("asked")) == "asked");
  ask(request, msg02("", 1));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg01("published"));
  REQUIRE(heard.reachOne("published"));
  Dealer(dealer).send(msg01("dealt"));
  REQUIRE(heard.reachOne("dealt"));
  CHECK(cpu.use() < kNothing);
  ports.release(nobody);
}

TEST_CASE("a Request that nobody uses costs nothing, also after its server has gone and come back") {
  const support::Events events;
  CpuMeter cpu;
  MtMsgReactor reactor;
  cpu.watch(reactor);
  auto options = events.options();
  options.reconnect = options.reconnectMax = 1ms;
  dividere::connection::PortManager ports;
  const std::uint16_t port = ports.acquire();  // not one that somebody's connection may take while nobody is there
  const std::string endpoint = at(port);
  auto server = std::make_unique<Response>(endpoint, bound());
  reactor.add(Request(endpoint, options));
  reactor.start();
  REQUIRE(events.wait(EventType::handshakeSucceeded));
  server.reset();
  REQUIRE(events.wait(EventType::disconnected));
  server = std::make_unique<Response>(endpoint, bound());
  REQUIRE(events.wait(EventType::handshakeSucceeded, 2));
  CHECK(cpu.use() < kNothing);
  ports.release(port);
}

TEST_CASE("a reactor without any socket or timer is woken by post() alone") {
  MtMsgReactor reactor;
  reactor.start();
  for (int i = 0; i < 100; ++i) {
    Event ran;
    reactor.post([&] { ran.happen(); });
    REQUIRE(ran.wait());
  }
}

// --- Broken links ---

TEST_CASE("a Subscriber whose port something else had at first is mended while the reactor waits") {
  const LogNotes log;
  support::TcpListener garbage;
  const std::uint16_t port = garbage.port();
  const support::Events events;
  Notes<std::string> heard;
  MtMsgReactor reactor;
  reactor.add(Subscriber(at(port), {}, events.options())).on([&](const Msg01& message) {
    heard.add(message.field1());
  });
  reactor.start();
  garbage.accept().send("HTTP/1.0 400 Bad Request\r\n\r\n" + std::string(1000, 'x'));
  REQUIRE(events.wait(EventType::disconnected));
  garbage.close();

  std::unique_ptr<Publisher> publisher;
  REQUIRE(support::eventually([&] {  // the port is free once the last of its connections is taken down
    try {
      publisher = std::make_unique<Publisher>(at(port), bound());
    } catch (const dividere::Error&) {
      return false;
    }
    return true;
  }));
  REQUIRE(publisher->waitForSubscribers(1, kLimit));
  publisher->send(msg01("mended"));
  REQUIRE(heard.reach(1));
}

TEST_CASE("what arrives while a broken link is mended is handled all the same") {
  const LogNotes log;
  // A Dealer with two peers: one that speaks, and something that is no ZeroMQ and is tried again and again.
  std::atomic<int> garbled{0};
  std::atomic<bool> over{false};
  support::TcpListener garbage;
  std::thread garbling([&] {
    while (!over) {
      garbage.accept().send(std::string(100, 'x'));
      ++garbled;
    }
  });
  Dealer peer("tcp://127.0.0.1:*");
  Dealer dealer({peer.endpoint(), at(garbage.port())});
  dealer.send(msg01("here I am"));
  CHECK(peer.recv(kLimit));
  Notes<int> heard;
  MtMsgReactor reactor;
  reactor.add(std::move(dealer)).on([&](const Msg02& message) { heard.add(message.field2()); });
  reactor.start();
  bool all = true;
  for (int i = 0; all && (garbled < 3 || i < 100); ++i) {
    peer.send(msg02("", i));
    all = heard.reach(static_cast<std::size_t>(i) + 1);
  }
  CHECK(all);
  reactor.stop();
  over = true;
  support::TcpStream::connect(garbage.port());
  garbling.join();
}
