#pragma once

// When to give up.

#include <chrono>
#include <climits>

#include "../interrupt.hpp"
#include "../timeout.hpp"

namespace dividere::detail {

/// A point in time, or an Interrupt if that is raised before.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline never() { return Deadline(Clock::time_point::max()); }
  static Deadline at(Clock::time_point at) { return Deadline(at); }
  static Deadline longAgo() { return Deadline(Clock::time_point()); }  // no clock need be read

  /// Now or in the past for a time-out of zero or less; a time-out too long for the clock never passes.
  static Deadline in(std::chrono::milliseconds timeout) {
    const auto now = Clock::now();
    if (timeout <= std::chrono::milliseconds(0)) return Deadline(now);  // now + timeout could overflow
    const auto room = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::time_point::max() - now);
    return timeout >= room ? never() : Deadline(now + timeout);
  }

  bool isNever() const { return at_ == Clock::time_point::max(); }
  bool passed() const { return (!isNever() && Clock::now() >= at_) || isInterrupted(); }

  /// Whether it is still that far off.
  bool isAfter(std::chrono::milliseconds time) const {
    return (isNever() || at_ - Clock::now() > time) && !isInterrupted();
  }

  Clock::time_point when() const { return at_; }

  /// What is left as poll() takes it: milliseconds rounded up, so that a wait never ends early; -1 for never.
  int pollTimeout() const {
    if (isNever()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
    if (left <= 0) return 0;
    return left > INT_MAX ? INT_MAX : static_cast<int>(left);
  }

  /// As the public functions take it: null for no limit.
  static Deadline in(const Timeout* timeout, const Interrupt* interrupt = nullptr) {
    Deadline deadline = timeout ? in(*timeout) : never();
    deadline.interrupt_ = interrupt;
    return deadline;
  }

  /// What a poll() has to wait on besides: readable once the Interrupt is raised; -1 if there is none, which poll() passes
  /// over.
  int interruptFd() const { return interrupt_ ? interrupt_->descriptor() : -1; }

  /// The same, or the Interrupt; null for none.
  Deadline unless(const Interrupt* interrupt) const {
    Deadline deadline = *this;
    deadline.interrupt_ = interrupt;
    return deadline;
  }

  /// With the Interrupt of either.
  friend Deadline earlier(const Deadline& a, const Deadline& b) {
    Deadline deadline = a.at_ < b.at_ ? a : b;
    deadline.interrupt_ = a.interrupt_ ? a.interrupt_ : b.interrupt_;
    return deadline;
  }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  bool isInterrupted() const { return interrupt_ && interrupt_->isRaised(); }

  Clock::time_point at_;
  const Interrupt* interrupt_ = nullptr;
};

}  // namespace dividere::detail
