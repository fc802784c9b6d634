#include <doctest/doctest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "dividere/core/detail/log_line.hpp"
#include "dividere/core/detail/thread.hpp"
#include "dividere/core/detail/waker.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_hook.hpp"
#include "support/threads.hpp"

using namespace dividere::detail;
using support::kLimit;

namespace {

bool readable(const Waker& waker, std::chrono::milliseconds limit) {
  pollfd wait{waker.fd(), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1;
}

/// What an active object's thread does: waits until it is to stop.
void runUntilStopped(StoppableThread& thread) {
  while (!thread.stopRequested()) readable(thread.waker(), kLimit);
}

}  // namespace

TEST_CASE("a waker is readable from wake to drain") {
  const Waker waker;
  CHECK_FALSE(readable(waker, std::chrono::milliseconds(0)));
  waker.wake();
  waker.wake();
  CHECK(readable(waker, kLimit));
  waker.drain();
  CHECK_FALSE(readable(waker, std::chrono::milliseconds(0)));
}

TEST_CASE("every thread has a waker of its own") {
  const int mine = Waker::ofThisThread().fd();
  CHECK(Waker::ofThisThread().fd() == mine);
  int other = mine;
  std::thread([&] { other = Waker::ofThisThread().fd(); }).join();
  CHECK(other != mine);
}

TEST_CASE("a stoppable thread ends when stopped, by any thread, any number of times") {
  StoppableThread thread;
  thread.start("test-stoppable", [&] { runUntilStopped(thread); });
  std::vector<std::thread> stopping;
  for (int i = 0; i < 4; ++i) stopping.emplace_back([&] { thread.stop(); });
  for (auto& one : stopping) one.join();
  CHECK(
      support::eventually([] { return support::threads("test-stoppable") == 0; }));  // the system lists it a bit longer
  thread.stop();
}

TEST_CASE("a stoppable thread may stop itself") {
  StoppableThread thread;
  std::promise<void> stopped;
  thread.start("test-stoppable", [&] {
    thread.stop();
    stopped.set_value();
    runUntilStopped(thread);
  });
  CHECK(stopped.get_future().wait_for(kLimit) == std::future_status::ready);
}

TEST_CASE("whoever takes the log may stop the thread that waits for the one that logs") {
  StoppableThread logging, waiting;
  std::promise<void> stopped;
  support::LogHook log("held", [&] {
    waiting.stop();
    stopped.set_value();
  });
  waiting.start("test-stoppable", [&] {
    runUntilStopped(waiting);
    logging.stop();
  });
  logging.start("test-stoppable", [&] {
    dividere::detail::log(dividere::LogLevel::warning, "test", "held");
    runUntilStopped(logging);
  });
  CHECK(stopped.get_future().wait_for(kLimit) == std::future_status::ready);
}

TEST_CASE("a stoppable thread that was never started may be stopped and destroyed") {
  StoppableThread thread;
  thread.stop();
  CHECK(thread.stopRequested());
}

TEST_CASE("no signal is delivered to a thread of the library, and the starter's mask stays") {
  sigset_t before, after, inside;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  startThread("test-signals", [&] { pthread_sigmask(SIG_BLOCK, nullptr, &inside); }).join();
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGPIPE}) {
    CHECK(sigismember(&inside, signal) == 1);
    CHECK(sigismember(&after, signal) == sigismember(&before, signal));
  }
}
