#pragma once

// A call from its request to its outcome.

#include <atomic>
#include <string>
#include <variant>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/latch.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

/// No reply came in time. That is no error.
struct NoneInTime {};

struct CallFailure {
  Errc code;
  std::string text;  // more about it; may be empty
};

/// How a call ended: with a reply's envelope, with none in time, or with why there is none.
using CallOutcome = std::variant<NoneInTime, Frame, CallFailure>;

/// A request whose outcome somebody waits for. It ends once: who ends it first says how. Who makes it says by its class
/// what that completes: a thread that waits, say.
class PendingCall {
 public:
  /// Where it is. It may have been handled unless it waits.
  enum class Place {
    waits,       // no instance has it, or ever had
    isGiven,     // an instance has it
    waitsAgain,  // the instance that had it is gone
  };

  explicit PendingCall(Frame&& request) : request_(std::move(request)) {}
  virtual ~PendingCall() = default;
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  // Any thread.

  /// Ends it so, unless it has ended. Whether it did.
  bool end(CallOutcome&& outcome) noexcept;
  bool hasEnded() const noexcept { return hasEnded_.load(std::memory_order_acquire); }
  Place place() const noexcept { return place_.load(std::memory_order_relaxed); }

  // The rest belongs to whoever gives it out, in one thread at a time.

  /// To be sent: shares its bytes.
  Frame request() { return request_.share(); }
  std::size_t requestSize() const { return request_.size(); }

  /// Under this id an instance has it now.
  void give(std::string id);

  /// No instance has it any more. `isHandled`: the one that had it may have handled it.
  void takeBack(bool isHandled, Deadline::Clock::time_point now);

  /// How many instances may have handled it, the one that has it among them.
  int attempts() const { return attempts_; }

  /// Under which it was given last.
  const std::string& id() const { return id_; }

  /// While no instance has it: since when.
  Deadline::Clock::time_point waitsSince() const { return waitsSince_; }
  void waitFrom(Deadline::Clock::time_point now) { waitsSince_ = now; }

 protected:
  /// It has ended, with outcome_. Called once, in the thread that ended it. Keep it short.
  virtual void completed() noexcept = 0;

  CallOutcome outcome_;  // constant from completed() on

 private:
  std::atomic<bool> hasEnded_{false};
  std::atomic<Place> place_{Place::waits};

  Frame request_;
  std::string id_;
  int attempts_ = 0;
  Deadline::Clock::time_point waitsSince_{};
};

/// One that a thread waits for.
class AwaitedCall final : public PendingCall {
 public:
  using PendingCall::PendingCall;

  /// Whether it has ended by the deadline.
  bool wait(const Deadline& deadline) noexcept { return completion_.wait(deadline); }

  /// Once it has ended, and once.
  CallOutcome takeOutcome();

  // For a thread that waits for other things too, as a Latch has them:
  void addWaker(int fd) { completion_.addWaker(fd); }
  void removeWaker(int fd) noexcept { completion_.removeWaker(fd); }

 private:
  void completed() noexcept override { completion_.open(); }

  Latch completion_;
};

}  // namespace dividere::detail
