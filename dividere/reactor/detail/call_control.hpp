#pragma once

// What reaches a request while it is handled: that nobody wants its reply any more, and that more parts are wanted.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "../../connection/detail/live_connection.hpp"
#include "../../core/detail/bell.hpp"
#include "../../messaging/detail/call_fields.hpp"

namespace dividere::detail {

/// Of one request at a time, or of one that is replied to later. Any thread, but for reset().
class CallControl {
 public:
  using Hook = std::function<void()>;

  /// As that of another request. By whoever hands requests out, while no other thread can find this one.
  void reset();

  /// Whether nobody seems to wait for the reply: it was given up, or the connection of whoever asked has ended.
  bool isCancelled() const noexcept { return isGivenUp() || isCallerGone_.load(std::memory_order_acquire); }

  /// The former. A reply is sent unless it is so: who has gone may be back by the same name.
  bool isGivenUp() const noexcept { return isCancelled_.load(std::memory_order_acquire); }

  /// Has `hook` called once, when the request is cancelled; here and now if it is already. The former one does not run any
  /// more then.
  void onCancel(Hook hook);

  /// Cancels. What it returns goes to runHook(), once no lock is held.
  Hook markCancelled();
  void runHook(const Hook& hook) noexcept;

  /// Its parts reach whoever asked no more. One that has sent some is cancelled, another one as soon as it would. What it
  /// returns is as markCancelled() says.
  Hook markCutOff();

  /// Whether it is cancelled because of that, or would be: whoever asked may have the request done by another.
  bool isCutOff() const noexcept { return isCutOff_.load(std::memory_order_acquire); }

  /// The same in one, where no lock is held.
  void cancel() noexcept { runHook(markCancelled()); }

  /// From now on it knows by which connection the request came.
  void follow(const LiveConnection& caller);

  /// If that is one of those that had these descriptors, and has ended, the caller is gone. As markCancelled().
  Hook markIfGone(const std::vector<int>& descriptors);

  /// No hook is called from here on, and none runs in another thread any more.
  void end() noexcept;

  // --- Parts ---

  enum class Credit { taken, none, cancelled, stopping };

  /// So many more may be sent.
  void addCredit(std::uint32_t parts);

  /// Takes the credit for one part, waiting for it until the deadline; and that part's number, from 1.
  Credit takeCredit(const Deadline& deadline, std::uint32_t& part);

  /// Throws Error that says why a part cannot be sent; `who` is whoever would send it.
  static void requireTaken(Credit credit, const char* who);

  /// Whoever waits for credit is to wait no longer.
  void stopWaiting() noexcept;

 private:
  Hook takeHook();
  void waitForHook() noexcept;
  Credit tryTake(std::uint32_t& part);

  std::atomic<bool> isCancelled_{false};
  std::atomic<bool> isCallerGone_{false};
  std::atomic<bool> isTouched_{false};  // whether there is anything to reset
  std::atomic<bool> isStopping_{false};
  std::atomic<bool> isCutOff_{false};

  std::mutex mutex_;
  bool hasEnded_ = false;                  // under mutex_
  Hook hook_;                              // under mutex_
  LiveConnection caller_;                  // under mutex_
  std::thread::id hookRunsIn_{};           // under mutex_
  std::uint32_t credit_ = kInitialCredit;  // under mutex_
  std::uint32_t parts_ = 0;                // under mutex_: so many were sent
  Bell changed_;
};

}  // namespace dividere::detail
