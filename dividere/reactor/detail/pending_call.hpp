#pragma once

// A call from its request to its outcome.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/latch.hpp"
#include "../../core/detail/tracing.hpp"
#include "../../core/error.hpp"
#include "call_parts.hpp"
#include "error_sink.hpp"

namespace dividere::detail {

class CallDesk;
class PendingCall;
struct Responder;

/// No reply came in time. That is no error.
struct NoneInTime {};

struct CallFailure {
  Errc code;
  std::string text;  // more about it; may be empty
};

/// How a call ended: with a reply's envelope, with none in time, or with why there is none.
using CallOutcome = std::variant<NoneInTime, Frame, CallFailure>;

/// The way to a desk that may be gone.
struct CallDoor {
  const ForkGuard fork{};
  std::string who;  // names the client in errors; constant
  std::mutex mutex;
  CallDesk* desk = nullptr;  // under mutex; null once it is gone, or stopped
};

/// What its caller asks for besides.
struct CallTerms {
  Deadline deadline = Deadline::never();  // of the caller
  bool isTimed = true;                    // ends with none in time then; if not, the caller sees to that
  bool isByPolicy = false;                // ends after the client's last try, too
  std::chrono::milliseconds hedgeAfter{0};
  bool isRepeatable = true;
  bool takesParts = false;
  bool partsOnce = false;  // is not repeatable as soon as there was a part
};

/// How often a client has tried, that tries again, and where.
struct CallTries {
  int retries = 0;
  std::size_t endpoint = 0;
  bool isPause = false;                                                  // between two of them
  Deadline::Clock::time_point end = Deadline::Clock::time_point::max();  // of the try, or the pause
};

/// As a request says it: in milliseconds, rounded up, so that the caller's own time is up first; 0 for no limit.
std::uint32_t timeLeft(const Deadline& deadline);

/// A request whose outcome somebody waits for. It ends once: who ends it first says how.
class PendingCall {
 public:
  using Clock = Deadline::Clock;
  using Follower = std::function<void(const std::shared_ptr<PendingCall>&)>;

  /// Where it is. It may have been handled unless it waits.
  enum class Place {
    waits,       // nobody has it, or ever had
    isGiven,     // somebody has it
    waitsAgain,  // whoever had it is gone
  };

  /// The last `tail` bytes of the request are its CallFields.
  PendingCall(std::shared_ptr<CallDoor> door, std::uint64_t number, Frame&& request, std::size_t tail,
              const CallTerms& terms)
      : door_(std::move(door)), number_(number), terms_(terms), request_(std::move(request)), tail_(tail) {}
  ~PendingCall();
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  // Any thread.

  /// Ends it so, unless it has ended. Whether it did. The follower is called by deliver(), not here.
  bool end(CallOutcome&& outcome) noexcept;
  bool hasEnded() const noexcept { return hasEnded_.load(std::memory_order_acquire); }
  Place place() const noexcept { return place_.load(std::memory_order_relaxed); }

  /// Whether it has ended by the deadline, and its outcome is known.
  bool wait(const Deadline& deadline) { return completion_.wait(deadline); }
  bool isComplete() const noexcept { return completion_.isOpen(); }

  /// Once it is complete.
  const CallOutcome& outcome() const { return outcome_; }

  // For a thread that waits for other things too, as a Latch has them:
  void addWaker(int fd) { completion_.addWaker(fd); }
  void removeWaker(int fd) noexcept { completion_.removeWaker(fd); }

  /// In place of a former one, which is not called any more. Null: none.
  void setFollower(std::unique_ptr<Follower> follower) noexcept;
  bool isFollowed() const noexcept { return follower_.load() != nullptr; }

  /// Those that have come before the reply.
  CallParts& parts();
  bool hasParts() const noexcept { return parts_.load(std::memory_order_acquire) != nullptr; }

  /// Whether nobody seems to want them: whoever sends them is not to wait for that.
  void setKeepsLastParts(bool keeps) noexcept { keepsLastParts_.store(keeps, std::memory_order_relaxed); }
  bool keepsLastParts() const noexcept { return keepsLastParts_.load(std::memory_order_relaxed); }

  /// Whether deliver() has something to do.
  bool isDeliverable() const noexcept {
    return ((isFollowed() || span_) && hasEnded()) || (hasParts() && hasDueParts());
  }

  /// Before anybody else has it: what is told of when it has ended. May be null.
  void setSpan(std::unique_ptr<OpenSpan> span) noexcept { span_ = std::move(span); }

  /// Calls the handlers of parts with those that are there, and who is told of a call that has ended. `log` is told what
  /// they throw. Where another thread is at that, it goes on there.
  static void deliver(const std::shared_ptr<PendingCall>& call, ErrorLog& log);

  const std::shared_ptr<CallDoor>& door() const { return door_; }
  std::uint64_t number() const { return number_; }
  const CallTerms& terms() const { return terms_; }

  // The rest is the desk's, in its loop's thread.

  /// To be sent: shares its bytes.
  Frame request() { return request_.share(); }

  /// Another call, of the same request and terms.
  std::shared_ptr<PendingCall> again(std::uint64_t number) {
    return std::make_shared<PendingCall>(door_, number, request(), tail_, terms_);
  }

  /// Has the request say what is left of the caller's time now.
  void tellTimeLeft();

  /// Somebody has it now.
  void give();

  /// Nobody has it any more. `isHandled`: whoever had it may have handled it.
  void takeBack(bool isHandled, Clock::time_point now);

  /// How many may have handled it, the one that has it among them.
  int attempts() const { return attempts_; }

  /// While nobody has it: since when.
  Clock::time_point waitsSince() const { return waitsSince_; }
  void waitFrom(Clock::time_point now) { waitsSince_ = now; }

  /// Whether somebody else may be given what one may have handled.
  bool isRepeatable() const { return terms_.isRepeatable && !(terms_.partsOnce && hadParts); }

  const Responder* partsFrom = nullptr;  // whose parts count
  bool hadParts = false;                 // some have come
  bool isKnown = false;                  // the desk has seen it
  CallTries tries;

 private:
  bool hasDueParts() const noexcept;
  void deliverOnce(const std::shared_ptr<PendingCall>& self, ErrorLog& log);

  const std::shared_ptr<CallDoor> door_;
  const std::uint64_t number_;
  const CallTerms terms_;

  std::atomic<bool> hasEnded_{false};
  std::atomic<Place> place_{Place::waits};
  std::atomic<Follower*> follower_{nullptr};
  std::atomic<CallParts*> parts_{nullptr};
  std::atomic<bool> keepsLastParts_{false};
  std::atomic<int> deliveries_{0};
  Latch completion_;
  CallOutcome outcome_;  // constant once the latch is open
  std::unique_ptr<OpenSpan> span_;

  Frame request_;
  std::size_t tail_;
  int attempts_ = 0;
  Clock::time_point waitsSince_{};
};

}  // namespace dividere::detail
