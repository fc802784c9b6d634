// Workers that die: reported and replaced, or given up; and nothing of theirs is left behind.

#include "workers.hpp"

using namespace kit;
using dividere::connection::Proxy;
using dividere::messaging::Request;
using dividere::messaging::Response;

namespace {

/// Whether each of these workers comes to reply: its connection is there then.
bool allAnswer(Request& request, const std::vector<int>& pids) {
  std::set<int> answered;
  return support::eventually([&] {
    request.send(msg01("who"));
    const auto reply = request.recv<Msg02>(kLimit);
    if (reply) answered.insert(reply->field2());
    return std::all_of(pids.begin(), pids.end(), [&](int pid) { return answered.count(pid) > 0; });
  });
}

}  // namespace

TEST_CASE("a hundred times a worker is killed with -9: as many are replaced, and no descriptor is leaked" * forks()) {
  const LogNotes log;
  constexpr std::size_t kKills = 100, kWorkers = 2;
  Ends ends;
  Proxy proxy(0, 0);
  MpMsgReactor workers(
      kWorkers,
      [back = at(proxy.backPort())](MtMsgReactor& reactor) {
        reactor.add(Response(back)).on([](const Msg01& message) { return ownPid(message.field1()); });
      },
      ends.options());
  REQUIRE(workers.waitForWorkers(kWorkers, kLimit));
  Request request(at(proxy.frontPort()));
  REQUIRE(allAnswer(request, workers.pids()));
  const std::size_t before = openDescriptors();
  std::set<int> seen;
  for (std::size_t i = 0; i < kKills; ++i) {
    const int pid = workers.pids()[i % kWorkers];
    CHECK(seen.insert(pid).second);
    ::kill(pid, SIGKILL);
    REQUIRE(ends.reach(i + 1));
    REQUIRE(workers.waitForWorkers(kWorkers, kLimit));
    const WorkerEnd end = ends.all().back();
    CHECK(end.pid == pid);
    CHECK(end.worker < kWorkers);
    CHECK(end.signal == SIGKILL);
    CHECK(end.replaced);
  }
  CHECK(ends.count() == kKills);
  CHECK(allAnswer(request, workers.pids()));
  // The Proxy's connections to the dead are taken down in the background.
  CHECK(support::eventually([&] { return openDescriptors() <= before; }));
  workers.stop();
  CHECK_FALSE(hasChildren());
}

namespace {

/// How a worker's end is told if its timer does this.
WorkerEnd endOf(std::function<void()> action) {
  Ends ends;
  Shared started;  // the successor goes on
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor& reactor) {
        takeSignalsAsOthersDo();
        if (++started[0] == 1) reactor.every(1ms, action);
      },
      ends.options());
  REQUIRE(ends.reach(1));
  return ends.all().front();
}

}  // namespace

TEST_CASE("a worker's end is told with its signal or its status" * forks()) {
  const LogNotes log;
  CHECK(endOf([] { ::raise(SIGKILL); }).signal == SIGKILL);
  CHECK(endOf([] { ::raise(SIGTERM); }).signal == SIGTERM);
  CHECK(endOf([] { ::raise(SIGABRT); }).signal == SIGABRT);
  const WorkerEnd end = endOf([] { ::_exit(3); });
  CHECK(end.signal == 0);
  CHECK(end.status == 3);
  CHECK(log.lines("signal 9").size() == 1);
  CHECK(log.lines("status 3").size() >= 1);
}

TEST_CASE("a worker that ends of its own accord is replaced" * forks()) {
  const LogNotes log;
  Ends ends;
  Shared started;
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor& reactor) {
        if (++started[0] == 1) reactor.every(1ms, [&] { reactor.stop(); });
      },
      ends.options());
  REQUIRE(ends.reach(1));
  CHECK(ends.all().front().signal == 0);
  CHECK(ends.all().front().status == 0);
  CHECK(ends.all().front().replaced);
  CHECK(support::eventually([&] { return started[0] == 2; }));
  CHECK(workers.waitForWorkers(1, kLimit));
}

TEST_CASE("workers whose setup keeps failing are given up, loudly, and waiting for them is in vain" * forks()) {
  const LogNotes log;
  Ends ends;
  auto options = ends.options();
  options.crashLimit = 2;
  int status = 70;
  int signal = 0;
  std::function<void()> fail;
  SUBCASE("it throws") {
    fail = [] { throw std::runtime_error("no such table"); };
  }
  SUBCASE("it throws something that is no std::exception") {
    fail = [] { throw 42; };
  }
  SUBCASE("it exits") {
    fail = [] { ::_exit(7); };
    status = 7;
  }
  SUBCASE("it is killed") {
    fail = [] {
      takeSignalsAsOthersDo();
      ::raise(SIGSEGV);
    };
    status = 0;
    signal = SIGSEGV;
  }
  MpMsgReactor workers(
      2, [&](MtMsgReactor&) { fail(); }, options);
  CHECK_FALSE(workers.waitForWorkers(1, kLimit));
  REQUIRE(ends.reach(5));
  const auto all = ends.all();
  for (const WorkerEnd& end : all) {
    CHECK(end.status == status);
    CHECK(end.signal == signal);
  }
  for (const std::size_t worker : {0u, 1u}) {
    std::vector<bool> replaced;
    for (const WorkerEnd& end : all) {
      if (end.worker == worker) replaced.push_back(end.replaced);
    }
    CHECK(replaced.size() <= 3);
    if (replaced.size() == 3) CHECK(replaced == std::vector<bool>{true, true, false});
  }
  CHECK(workers.alive() == 0);
  REQUIRE(log.wait("given up"));
  const auto loud = log.lines("given up");
  CHECK(loud.front().level == dividere::LogLevel::error);
  workers.stop();
  CHECK_FALSE(hasChildren());
}

TEST_CASE("one worker's crashes are not held against another" * forks()) {
  const LogNotes log;
  Ends ends;
  auto options = ends.options();
  options.crashLimit = 1;
  Shared first;
  MpMsgReactor workers(
      2,
      [&](MtMsgReactor&) {
        // Whoever comes first works; every other one fails.
        int nobody = 0;
        if (!first[0].compare_exchange_strong(nobody, ::getpid())) throw std::runtime_error("second to come");
      },
      options);
  REQUIRE(ends.reach(2));
  CHECK(workers.waitForWorkers(1, kLimit));
  CHECK_FALSE(workers.waitForWorkers(2, kLimit));
  CHECK(workers.pids() == std::vector<int>{first[0]});
}

TEST_CASE("a setup that fails a few times and then works leaves a worker like any other" * forks()) {
  const LogNotes log;
  Ends ends;
  Shared attempts;
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor&) {
        if (++attempts[0] <= 2) throw std::runtime_error("not yet");
      },
      ends.options());
  CHECK(workers.waitForWorkers(1, kLimit));
  CHECK(attempts[0] == 3);
  CHECK(ends.reach(2));
  CHECK(ends.count() == 2);
}

TEST_CASE("a worker that works and is killed from outside is never given up" * forks()) {
  const LogNotes log;
  Ends ends;
  auto options = ends.options();
  options.crashLimit = 0;
  MpMsgReactor workers(
      1, [](MtMsgReactor&) { takeSignalsAsOthersDo(); }, options);
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(workers.waitForWorkers(1, kLimit));
    ::kill(workers.pids().front(), i % 2 ? SIGTERM : SIGKILL);
    REQUIRE(ends.reach(i + 1));
    CHECK(ends.all().back().replaced);
  }
}

TEST_CASE("an onWorkerEnd that throws is reported, and workers are replaced all the same" * forks()) {
  const LogNotes log;
  MpOptions options;
  Notes<int> called;
  options.onWorkerEnd = [&](const WorkerEnd& end) {
    called.add(end.pid);
    throw std::runtime_error("the hook went wrong");
  };
  MpMsgReactor workers(
      1, [](MtMsgReactor&) {}, options);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(workers.waitForWorkers(1, kLimit));
    ::kill(workers.pids().front(), SIGKILL);
    REQUIRE(called.reach(i + 1));
  }
  CHECK(log.lines("the hook went wrong").size() >= 1);
}

TEST_CASE("a worker is known to be dead though a child of its own lives on" * forks()) {
  const LogNotes log;
  Ends ends;
  Pipe release, gone;
  {
    MpMsgReactor workers(
        1,
        [&](MtMsgReactor& reactor) {
          reactor.every(1ms, [&] {
            if (::fork() == 0) {
              release.closeWrite();
              release.take();
              ::_exit(0);
            }
            ::_exit(5);
          });
        },
        ends.options());
    CHECK(ends.reach(1));
    release.closeWrite();
    if (ends.count() > 0) CHECK(ends.all().front().status == 5);
  }
  gone.closeWrite();
  gone.take();  // until the last of them has ended
}

// --- What is left behind ---

TEST_CASE("workers keep no listener of their parent's open: its port can be taken again" * forks()) {
  const LogNotes log;
  auto listening = std::make_unique<Response>("tcp://127.0.0.1:*");
  const std::uint16_t port = listening->port();
  MpMsgReactor workers(2, [](MtMsgReactor&) {});
  REQUIRE(workers.waitForWorkers(2, kLimit));
  listening.reset();
  SUBCASE("by a socket of the library, at once") {
    Response again(at(port), bound());
    Request request(at(port));
    request.send(msg01("again"));
    CHECK(again.recv(kLimit));
  }
  SUBCASE("by one that shares it with nobody") {
    CHECK(support::eventually([&] {  // zmq_close() goes on in the background
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = support::localAddress(port);
      const bool taken = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      ::close(fd);
      return taken;
    }));
  }
  CHECK(workers.alive() == 2);
}

TEST_CASE("a connection of the parent's ends when the parent ends it" * forks()) {
  const LogNotes log;
  support::TcpListener listener;
  auto parents = std::make_unique<Request>(at(listener.port()));
  auto connection = listener.accept();
  MpMsgReactor workers(2, [](MtMsgReactor&) {});
  REQUIRE(workers.waitForWorkers(2, kLimit));
  parents.reset();
  CHECK(connection.endedByPeer());
  CHECK(workers.alive() == 2);
}

TEST_CASE("workers hold none of the ports that the parent holds" * forks()) {
  using dividere::connection::PortManager;
  const LogNotes log;
  const std::uint16_t port = PortManager::acquire();
  MpMsgReactor workers(2, [](MtMsgReactor&) {});
  REQUIRE(workers.waitForWorkers(2, kLimit));
  PortManager::release(port);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = support::localAddress(port);
  CHECK(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

TEST_CASE("no worker outlives a parent that is killed with -9, whatever it is doing" * forks()) {
  for (const std::string mode : {"idle", "busy", "stuck", "setup"}) {
    CAPTURE(mode);
    support::Program parent("reactor_parent", {mode});
    for (int i = 0; i < 4; ++i) CHECK(parent.line() == "worker");
    parent.kill();
    CHECK(parent.status() == 128 + SIGKILL);
    parent.output();  // ends when the last one who could write to it has ended
  }
}

TEST_CASE("what stands unprinted in the parent is printed once" * forks()) {
  support::Program parent("reactor_parent", {"unprinted"});
  CHECK(parent.line() == "said once");
  CHECK(parent.output() == "");
  CHECK(parent.status() == 0);
}

// --- Fork, amid threads ---

namespace {

/// Four threads that encode, decode, allocate and log, without pause.
class Bustle {
 public:
  Bustle() {
    dividere::setLogHandler(
        [this](dividere::LogLevel, std::string_view, std::string_view text) {
          if (startsWith(std::string(text), "monitorStopped")) ++closed_;
        },
        dividere::LogLevel::debug);
    run([](unsigned i) { envelopeOf(msg02(std::string(i % 300, 'x'), 1)); });
    run([envelope = envelopeOf(msg01("decoded"))](unsigned) {
      dividere::messaging::ProtoBuffDecoder().decode(envelope);
    });
    run([](unsigned i) {
      std::vector<std::string> held;
      for (unsigned k = 0; k < 50; ++k) held.emplace_back(i * k % 5000, 'x');
    });
    run([this](unsigned) {  // a socket's life is logged, to its end
      const int before = closed_;
      dividere::messaging::Dealer("tcp://127.0.0.1:*");
      while (closed_ == before && !over_) std::this_thread::yield();
    });
  }
  ~Bustle() {
    over_ = true;
    for (auto& thread : threads_) thread.join();
    dividere::setLogHandler(nullptr);
  }
  Bustle(const Bustle&) = delete;
  Bustle& operator=(const Bustle&) = delete;

 private:
  template <class Action>
  void run(Action action) {
    threads_.emplace_back([this, action] {
      for (unsigned i = 0; !over_; ++i) action(i);
    });
  }

  std::atomic<bool> over_{false};
  std::atomic<int> closed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("worker processes start and stop while four threads encode, decode, allocate and log without pause" *
          forks()) {
  const char* wanted = std::getenv("DIVIDERE_TEST_ROUNDS");  // 1000 takes a minute
  const int rounds = wanted ? std::atoi(wanted) : 25;
  const Bustle bustle;
  for (int round = 0; round < rounds; ++round) {
    Ends ends;
    MpMsgReactor workers(
        1 + round % 2,
        [](MtMsgReactor& reactor) {
          addResponse(reactor);
          reactor.on([](const Msg01& message) { return message; });
          dividere::messaging::ProtoBuffDecoder().decode(envelopeOf(msg02("", 1)));
        },
        ends.options());
    REQUIRE(workers.waitForWorkers(1, kLimit));
    workers.stop();
    CHECK(ends.count() == 0);
  }
  CHECK_FALSE(hasChildren());
}
