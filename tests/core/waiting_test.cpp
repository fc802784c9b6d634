// What ends a wait early: an Interrupt, and signals.
#include <doctest/doctest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <dividere.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <optional>
#include <string>

#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"

using namespace support;
using dividere::Interrupt;
using dividere::waitForSignal;
using std::chrono::milliseconds;

namespace {

bool isReadable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

/// Handlers for both signals, none of doctest's.
class Handlers {
 public:
  explicit Handlers(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
  }
  ~Handlers() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
  }
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

 private:
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

/// Both signals, in the calling thread.
class Blocked {
 public:
  Blocked() {
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &both, &before_);
  }
  ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  sigset_t before_;
};

bool blocks(pid_t thread, int number) {
  std::ifstream status("/proc/self/task/" + std::to_string(thread) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("SigBlk:", 0) == 0) return std::stoull(line.substr(7), nullptr, 16) >> (number - 1) & 1;
  }
  return true;
}

/// A thread that waits for a signal: seen by its no longer blocking them.
struct Waiting {
  std::atomic<pid_t> thread{0};
  std::future<std::optional<int>> signal;

  explicit Waiting(const Interrupt& interrupt) {
    signal = std::async(std::launch::async, [&] {
      const Blocked blocked;
      thread = static_cast<pid_t>(::syscall(SYS_gettid));
      return waitForSignal(kLimit, interrupt);
    });
    REQUIRE(eventually([&] { return thread != 0 && !blocks(thread, SIGTERM); }));
  }
};

bool hasHandler(int number, void (*handler)(int)) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  return action.sa_handler == handler;
}

std::atomic<int> handled{0};
Interrupt* raised = nullptr;

void count(int) { ++handled; }

void raiseIt(int) {
  errno = 0;
  raised->raise();
  handled = errno;
}

}  // namespace

TEST_CASE("an interrupt stays raised until it is reset, and its descriptor says so") {
  Interrupt interrupt;
  CHECK_FALSE(interrupt.isRaised());
  interrupt.raise();
  interrupt.raise();
  CHECK(interrupt.isRaised());
  CHECK(isReadable(interrupt.descriptor()));
  interrupt.reset();
  CHECK_FALSE(interrupt.isRaised());
  CHECK_FALSE(isReadable(interrupt.descriptor()));
}

TEST_CASE("a signal handler may raise an interrupt, and finds errno as it was") {
  Interrupt interrupt;
  // So that there is something to change errno: a counter that is full.
  const std::uint64_t most = ~std::uint64_t{1};
  REQUIRE(::write(interrupt.descriptor(), &most, sizeof most) == sizeof most);
  raised = &interrupt;
  const Handlers handlers(&raiseIt);
  ::raise(SIGINT);
  CHECK(handled == 0);
  CHECK(interrupt.isRaised());
}

TEST_CASE("a forked child's interrupt is its own, and starts as its parent's is" * doctest::skip(!kCanFork)) {
  Interrupt interrupt, other;
  other.raise();
  CHECK(inFork([&] {
          expect(!interrupt.isRaised() && other.isRaised(), "as the parent's");
          interrupt.raise();
          other.reset();
          expect(interrupt.isRaised() && !other.isRaised(), "the child's own");
        }) == "");
  CHECK_FALSE(interrupt.isRaised());
  CHECK(other.isRaised());
}

TEST_CASE("waitForSignal returns the signal that comes, to a thread that blocks it, too") {
  const Handlers handlers(&count);
  handled = 0;
  const Blocked blocked;
  for (const int number : {SIGTERM, SIGINT, SIGTERM}) {
    ::kill(::getpid(), number);
    CHECK(waitForSignal() == number);
  }
  CHECK(handled == 0);
}

TEST_CASE("each of several threads that wait gets a signal, which may come to another thread") {
  const Handlers handlers(&count);
  handled = 0;
  const Interrupt never;
  Waiting first(never), second(never);
  ::raise(SIGTERM);
  CHECK(first.signal.get() == SIGTERM);
  CHECK(second.signal.get() == SIGTERM);
  CHECK(handled == 0);
}

TEST_CASE("once nobody waits for signals any more, they are handled as before") {
  const Handlers handlers(&count);
  handled = 0;
  Interrupt interrupt;
  {
    Waiting waiting(interrupt);
    CHECK_FALSE(hasHandler(SIGTERM, &count));
    interrupt.raise();
    CHECK_FALSE(waiting.signal.get());
  }
  CHECK(hasHandler(SIGINT, &count));
  CHECK(hasHandler(SIGTERM, &count));
  ::raise(SIGTERM);
  CHECK(handled == 1);
  CHECK_FALSE(waitForSignal(milliseconds(1)));
  CHECK_FALSE(waitForSignal(milliseconds::max(), interrupt));
}

TEST_CASE("a handler that is set while a thread waits for signals stays") {
  const Handlers handlers(SIG_DFL);
  Interrupt interrupt;
  Waiting waiting(interrupt);
  ::signal(SIGTERM, &count);
  interrupt.raise();
  CHECK_FALSE(waiting.signal.get());
  CHECK(hasHandler(SIGTERM, &count));
  CHECK(hasHandler(SIGINT, SIG_DFL));
}

TEST_CASE("a child that is forked while a thread waits for signals handles them as before, and may wait itself" *
          doctest::skip(!kCanFork)) {
  const Handlers handlers(SIG_DFL);
  Interrupt interrupt;
  Waiting waiting(interrupt);
  CHECK(inFork([] { ::raise(SIGTERM); }) == "ended with status " + std::to_string(128 + SIGTERM));
  CHECK(inFork([] {
          const Blocked blocked;
          ::kill(::getpid(), SIGTERM);
          expect(waitForSignal(kLimit) == SIGTERM, "a child that waits");
          expect(hasHandler(SIGTERM, SIG_DFL), "as before");
        }) == "");
  interrupt.raise();
  CHECK_FALSE(waiting.signal.get());
}
