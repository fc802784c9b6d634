#pragma once

// Where a client's calls are made: in any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/waker.hpp"
#include "../call.hpp"
#include "call_dispatch.hpp"

namespace dividere::detail {

/// Hands calls to its loop, which gives them out, and waits for them. A call that is alone at its responder is made in the
/// caller's thread, which acts as the loop meanwhile.
class CallDesk : protected CallDispatch {
 public:
  using CallDispatch::CallPtr;
  using CallDispatch::Clock;

  // Any thread.

  /// A call that has yet to begin. `options` may be null. Throws Error{tooLarge}, and as encodeFrame().
  CallPtr prepare(const google::protobuf::Message& request, const CallTerms& terms, const CallOptions* options);
  CallPtr prepare(std::string_view bytes, const CallTerms& terms);

  /// Begins it. It ends by itself: at its deadline at the latest. Throws Error{stopping} after stop(); as all do that follow.
  void begin(const CallPtr& call);

  /// Begins it and waits until it has ended. Where its deadline comes first, it ends with what is known by then. False if the
  /// Interrupt, which may be null, came before: it is cancelled then.
  bool make(const CallPtr& call, const Interrupt* interrupt = nullptr);

  /// The same for one that has begun.
  bool await(const CallPtr& call, const Interrupt* interrupt = nullptr);

  /// Ends it, unless it has ended.
  static void cancel(const CallPtr& call);

  /// Has the follower of a call that is complete called: in the loop's thread, or here if there is none any more.
  static void deliverSoon(const CallPtr& call);

  /// Ends all calls.
  void stop();

  /// Throws Error{outOfTurn} in the loop's thread, where nobody can wait for what it brings.
  void requireWaitable() const;

  /// Throws Error{otherProcess} in a forked child.
  void requireOwnProcess() const { fork_.require(className_); }

  /// Whether this is the loop's own thread.
  bool isCurrent() const noexcept { return loop().isCurrent(); }

  /// Stops, and has the loop's thread call `last` as it ends. False, and nothing done, where stop() would wait for that
  /// thread, or there is none any more.
  bool endWith(std::function<void()> last);

 protected:
  /// `className` is a literal.
  CallDesk(const char* className, std::string who, std::int64_t maxMessageBytes, std::size_t maxCalls);
  ~CallDesk();

  /// Runs it in the loop's thread, before the end of all calls. Throws Error{stopping} after stop(). Any thread.
  void postBeforeEnd(std::function<void()> function);

  bool isStopped();

  const ForkGuard fork_;

 private:
  // Any thread.
  CallPtr prepare(Frame&& request, std::size_t tail, const CallTerms& terms);
  void post(const CallPtr& call);
  bool attendOrWait(const CallPtr& call, Responder* own, const Waker& waker, const Interrupt* interrupt);
  void attend(Responder& responder, PendingCall& call, const Waker& waker, const Deadline& deadline);

  // In the loop's thread, or in a Visit to it.
  Responder* takeOverIfAlone(Responder& responder);
  void leave(Responder& responder);
  void takeIncoming();
  void endAll();

  const std::int64_t maxMessageBytes_;

  std::mutex mutex_;
  bool stopped_ = false;           // under mutex_
  std::vector<CallPtr> incoming_;  // under mutex_: that begin, or have ended, in other threads
};

/// Ends a client's desk, also from within one of its callbacks.
template <class Desk>
void endDesk(Desk* desk) {
  if (desk && !desk->endWith([desk] { delete desk; })) delete desk;
}

}  // namespace dividere::detail
