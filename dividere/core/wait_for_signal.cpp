#include "wait_for_signal.hpp"

#include <poll.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <iterator>
#include <mutex>

#include "detail/deadline.hpp"
#include "detail/fork.hpp"

namespace dividere::detail {

constexpr int kEndSignals[] = {SIGINT, SIGTERM};

/// A thread's wait. A handler may look at it at any time, without a lock: so it is never destroyed, but used again.
struct SignalWait {
  static constexpr int kNobody = -1, kNone = 0;

  Interrupt came;
  std::atomic<int> number{kNobody};  // the signal's, once it has come
  std::atomic<bool> isTaken{true};
  SignalWait* next = nullptr;  // constant once it is in the list
};

static_assert(std::atomic<int>::is_always_lock_free && std::atomic<SignalWait*>::is_always_lock_free);

static std::atomic<SignalWait*> signalWaits{nullptr};
static std::atomic<unsigned> signalProcess{0};                  // the fork generation whose threads wait
static int signalWaiters = 0;                                   // under processMutex()
static struct sigaction signalsBefore[std::size(kEndSignals)];  // constant while there are waiters

static void takeSignal(int number);

static struct sigaction& beforeOf(int number) { return signalsBefore[number == kEndSignals[0] ? 0 : 1]; }

static bool isTakeSignal(const struct sigaction& action) {
  return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == &takeSignal;
}

/// The handler.
static void takeSignal(int number) {
  const int error = errno;
  if (signalProcess.load() != forkGeneration()) {
    ::sigaction(number, &beforeOf(number), nullptr);
    ::raise(number);  // comes when this handler returns
  } else {
    for (SignalWait* each = signalWaits.load(); each; each = each->next) {
      int none = SignalWait::kNone;
      if (each->number.compare_exchange_strong(none, number)) each->came.raise();
    }
  }
  errno = error;
}

static void handleSignals() {
  std::lock_guard<std::mutex> lock(processMutex());
  if (signalProcess.exchange(forkGeneration()) != forkGeneration()) signalWaiters = 0;
  if (signalWaiters++ > 0) return;
  struct sigaction ours {};
  ours.sa_handler = &takeSignal;
  ours.sa_flags = SA_RESTART;
  for (const int number : kEndSignals) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (!isTakeSignal(before)) beforeOf(number) = before;  // it is in a child that was forked meanwhile
    ::sigaction(number, &ours, nullptr);
  }
}

static void leaveSignals() noexcept {
  std::lock_guard<std::mutex> lock(processMutex());
  if (--signalWaiters > 0) return;
  for (const int number : kEndSignals) {
    struct sigaction current {};
    ::sigaction(number, nullptr, &current);
    if (isTakeSignal(current)) ::sigaction(number, &beforeOf(number), nullptr);
  }
}

/// One that nobody waits with, or a new one.
static SignalWait& takeSignalWait() {
  for (SignalWait* each = signalWaits.load(); each; each = each->next) {
    if (!each->isTaken.exchange(true)) return *each;
  }
  auto* const added = new SignalWait;
  added->next = signalWaits.load();
  while (!signalWaits.compare_exchange_weak(added->next, added)) {
  }
  return *added;
}

/// While it lives, signals come to this wait.
class SignalScope {
 public:
  SignalScope() : wait_(takeSignalWait()) {
    wait_.number = SignalWait::kNone;
    handleSignals();
    sigset_t both;
    sigemptyset(&both);
    for (const int number : kEndSignals) sigaddset(&both, number);
    ::pthread_sigmask(SIG_UNBLOCK, &both, &mask_);
  }
  ~SignalScope() {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    leaveSignals();
    wait_.number = SignalWait::kNobody;
    wait_.isTaken = false;
  }
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

  std::optional<int> wait(const Deadline& deadline) {
    for (;;) {
      wait_.came.reset();  // first: a handler that was late may have raised it for the one who waited before
      const int number = wait_.number;
      if (number != SignalWait::kNone) return number;
      if (deadline.passed()) return std::nullopt;
      pollfd waits[] = {{wait_.came.descriptor(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
      ::poll(waits, 2, deadline.pollTimeout());
    }
  }

 private:
  SignalWait& wait_;
  sigset_t mask_;
};

}  // namespace dividere::detail

namespace dividere {

int waitForSignal() { return *detail::SignalScope().wait(detail::Deadline::never()); }

std::optional<int> waitForSignal(Timeout timeout) { return detail::SignalScope().wait(detail::Deadline::in(&timeout)); }

std::optional<int> waitForSignal(Timeout timeout, const Interrupt& interrupt) {
  return detail::SignalScope().wait(detail::Deadline::in(&timeout, &interrupt));
}

}  // namespace dividere
