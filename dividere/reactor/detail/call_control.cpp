#include "call_control.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/log_line.hpp"
#include "../../core/detail/thread.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

// More than anybody would let lie: a peer may send any number, any number of times.
constexpr std::uint32_t kMostCredit = 1'000'000;

// Most requests touch nothing here, and take no lock for it.
void CallControl::reset() {
  if (!isTouched_.load(std::memory_order_acquire)) return;
  Hook former;
  std::lock_guard<std::mutex> lock(mutex_);
  former.swap(hook_);
  hasEnded_ = false;
  credit_ = kInitialCredit;
  parts_ = 0;
  caller_ = LiveConnection();
  isCancelled_.store(false);
  isCallerGone_.store(false);
  isCutOff_.store(false);
  isTouched_.store(false);
}

void CallControl::onCancel(Hook hook) {
  bool isLate;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isTouched_.store(true);
    isLate = isCancelled();
    if (!isLate) hook_.swap(hook);  // the former one is let go of without the lock
  }
  waitForHook();
  if (isLate && hook) hook();
}

/// For the end of one that runs in another thread.
void CallControl::waitForHook() noexcept {
  const auto isQuiet = [&] {
    std::lock_guard<std::mutex> lock(mutex_);
    return hookRunsIn_ == std::thread::id() || hookRunsIn_ == std::this_thread::get_id();
  };
  changed_.wait(isQuiet, Deadline::never());
}

CallControl::Hook CallControl::markCancelled() {
  Hook hook;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isTouched_.store(true);
    if (isCancelled_.exchange(true)) return nullptr;
    hook = takeHook();
  }
  changed_.ring();
  return hook;
}

/// Under mutex_.
CallControl::Hook CallControl::takeHook() {
  Hook hook;
  if (!hasEnded_) hook.swap(hook_);
  if (hook) hookRunsIn_ = std::this_thread::get_id();
  return hook;
}

void CallControl::follow(const LiveConnection& caller) {
  std::lock_guard<std::mutex> lock(mutex_);
  isTouched_.store(true);
  caller_ = caller;
  if (caller_.hasEnded()) isCallerGone_.store(true);
}

CallControl::Hook CallControl::markIfGone(const std::vector<int>& descriptors) {
  Hook hook;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const bool isMeant = std::find(descriptors.begin(), descriptors.end(), caller_.descriptor()) != descriptors.end();
    if (!isMeant || !caller_.hasEnded()) return nullptr;
    isCallerGone_.store(true);
    hook = takeHook();
  }
  changed_.ring();
  return hook;
}

CallControl::Hook CallControl::markCutOff() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isTouched_.store(true);
    isCutOff_.store(true);
    if (parts_ == 0) return nullptr;
  }
  return markCancelled();
}

void CallControl::runHook(const Hook& hook) noexcept {
  if (!hook) return;
  try {
    const CallbackScope scope;
    hook();
  } catch (...) {
    log(LogLevel::error, "reactor::Sender", "what onCancel() was given threw");
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hookRunsIn_ = {};
  }
  changed_.ring();
}

void CallControl::end() noexcept {
  if (!isTouched_.load(std::memory_order_acquire)) return;
  Hook former;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hasEnded_ = true;
    former.swap(hook_);
  }
  waitForHook();
}

// --- Parts ---

void CallControl::addCredit(std::uint32_t parts) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isTouched_.store(true);
    credit_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{credit_} + parts, kMostCredit));
  }
  changed_.ring();
}

CallControl::Credit CallControl::tryTake(std::uint32_t& part) {
  std::lock_guard<std::mutex> lock(mutex_);
  isTouched_.store(true);
  if (isCutOff()) isCancelled_.store(true);
  if (isCancelled()) return Credit::cancelled;
  if (credit_ == 0) return isStopping_.load() ? Credit::stopping : Credit::none;
  --credit_;
  part = ++parts_;
  return Credit::taken;
}

CallControl::Credit CallControl::takeCredit(const Deadline& deadline, std::uint32_t& part) {
  Credit result{};
  changed_.wait([&] { return (result = tryTake(part)) != Credit::none; }, deadline);
  return result;
}

void CallControl::requireTaken(Credit credit, const char* who) {
  const std::string what = std::string(who) + ": sendPart";
  switch (credit) {
    case Credit::taken: return;
    case Credit::none: throw Error(Errc::deadlinePassed, what + ": whoever asked takes no more parts");
    case Credit::cancelled: throw Error(Errc::cancelled, what);
    case Credit::stopping: throw Error(Errc::stopping, what);
  }
}

void CallControl::stopWaiting() noexcept {
  isStopping_.store(true);
  changed_.ring();
}

}  // namespace dividere::detail
