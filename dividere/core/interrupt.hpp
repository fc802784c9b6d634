#pragma once

// How a wait is ended early.

#include <memory>

// With a C++20 library an Interrupt can be made of a std::stop_token: by whoever has included <stop_token>, or <thread>,
// before this header.
#ifdef __cpp_lib_jthread
#include <stop_token>
#endif

namespace dividere {

namespace detail {
class InterruptList;
}

/// Ends waits. Once it is raised, every recv(), wait(), call() and send() that was given it does as at its time-out. What is there
/// already is still received.
///
///     dividere::Interrupt ended;                                      // global
///     std::signal(SIGTERM, [](int) { ended.raise(); });
///     while (auto message = subscriber.recv<Tick>(24h, ended)) ...
///
/// Any number of threads may wait with one. Until reset(), all their calls end. It must outlive them, and any signal handler that
/// raises it. It costs a file descriptor. A forked child has its own, which is raised if the parent's was.
class Interrupt {
 public:
  /// Throws Error if the process has no descriptor left.
  Interrupt();
#ifdef __cpp_lib_jthread
  /// Is raised when a stop is requested. May stand for the token itself: recv(time, token).
  Interrupt(const std::stop_token& token) : Interrupt() {
    onStop_ = std::make_shared<std::stop_callback<Raise>>(token, Raise{this});
  }
#endif
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Any thread, any number of times, and in signal handlers: it takes no lock and leaves errno alone.
  void raise() noexcept;

  /// Waits wait again. Any thread. Whoever was woken but has not looked yet may go on waiting.
  void reset() noexcept;

  bool isRaised() const noexcept;

  /// Readable while it is raised: for a poll() of one's own. Do not read from it.
  int descriptor() const noexcept { return fd_; }

 private:
  friend class detail::InterruptList;

  struct Raise {
    Interrupt* interrupt;
    void operator()() const noexcept { interrupt->raise(); }
  };

  const int fd_;

  // Of detail::InterruptList.
  Interrupt* next_ = nullptr;
  Interrupt* before_ = nullptr;

  std::shared_ptr<void> onStop_;  // last: no stop raises it any more when the rest goes
};

}  // namespace dividere
