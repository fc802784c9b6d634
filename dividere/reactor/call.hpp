#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/interrupt.hpp"
#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"

namespace dividere {

/// How a call is made, where the defaults do not fit.
struct CallOptions {
  /// The name of the method, where several take this type of message. Empty: the one that takes it.
  std::string method;

  /// If no reply came after this time, a second instance is asked, and the first reply counts. 0: never. Only where
  /// `repeatable`.
  std::chrono::milliseconds hedgeAfter{0};

  /// A broker hands out requests of a higher priority first.
  std::uint32_t priority = 0;

  /// Whether the request may be handled more than once. If not, and the instance that has it dies, nobody else gets it: the call
  /// ends with Errc::gaveUp.
  bool repeatable = true;

  /// Whether a call that a handler makes may take longer than what is left of its own request's time.
  bool outlivesRequest = false;
};

}  // namespace dividere

namespace dividere::detail {

class Deadline;
class PendingCall;

/// What all kinds of Call have in common: a call that was started, and its outcome.
class CallHandle {
 public:
  using Follower = std::function<void(CallHandle&&)>;

  explicit CallHandle(std::shared_ptr<PendingCall> call) noexcept;
  CallHandle(CallHandle&&) noexcept;
  CallHandle& operator=(CallHandle&& other) noexcept;
  ~CallHandle();

  bool ready() const;
  bool wait(Timeout timeout, const Interrupt* interrupt = nullptr) const;

  /// Waits for the outcome. Null if it is a reply, which is in `reply` then; otherwise why there is none.
  std::shared_ptr<const Error> takeInto(google::protobuf::Message& reply) const;

  /// The same, but false if none came in time, or before the Interrupt, and throws the other errors.
  bool getInto(google::protobuf::Message& reply, const Interrupt* interrupt = nullptr) const;

  void follow(Follower follower, bool isKept);

  /// `reused` says by its type which parts `handler` is for, and holds each of them meanwhile.
  void onPart(std::shared_ptr<google::protobuf::Message> reused,
              std::function<void(const google::protobuf::Message&)> handler);

  /// The parts are read by nextPart(), all of them.
  void readParts();

  /// Waits for the next part; false if there is none any more. Throws as getInto(), deadlinePassed too.
  bool nextPart(google::protobuf::Message& part) const;

  /// Whether nextPart() would return at once, waiting for that until the time-out.
  bool waitForPart(Timeout timeout, const Interrupt* interrupt) const;

  void cancel();

 private:
  const std::shared_ptr<PendingCall>& call() const;
  void wantsNoParts() const;
  bool awaitPartsHandled(const Deadline& deadline) const;
  void abandon() noexcept;

  std::shared_ptr<PendingCall> call_;
  bool isFollowed_ = false;
  bool hasPartHandler_ = false;
};

const Error& noError() noexcept;

/// Throws a copy, also for sources that are compiled without exceptions.
[[noreturn]] void throwCopyOf(const Error& error);

}  // namespace dividere::detail

namespace dividere {

/// How a call ended: with a reply, or with an error that says why there is none.
template <class Reply>
class Outcome {
 public:
  /// Whether there is a reply.
  explicit operator bool() const noexcept { return !error_; }

  // The reply. Throws error() if there is none.
  Reply& operator*() { return reply(*this); }
  const Reply& operator*() const { return reply(*this); }
  Reply* operator->() { return &reply(*this); }
  const Reply* operator->() const { return &reply(*this); }

  /// Why there is no reply: Errc::deadlinePassed if none came in time, Errc::cancelled after cancel(), or what call() would
  /// throw. Its code() is zero if there is one.
  const Error& error() const noexcept { return error_ ? *error_ : detail::noError(); }

  /// Waits for a call's outcome.
  explicit Outcome(const detail::CallHandle& call) : error_(call.takeInto(reply_)) {}

 private:
  template <class Self>
  static auto& reply(Self& self) {
    if (self.error_) detail::throwCopyOf(*self.error_);
    return self.reply_;
  }

  Reply reply_;
  std::shared_ptr<const Error> error_;
};

}  // namespace dividere

namespace dividere::detail {
template <class Reply>
CallHandle::Follower followerOf(std::function<void(Outcome<Reply>)> follower) {
  return [follower = std::move(follower)](CallHandle&& ended) {
    if (follower) follower(Outcome<Reply>(ended));
  };
}
}  // namespace dividere::detail

namespace dividere {

/// A call under way: polled, waited for, followed, awaited in a coroutine, or cancelled. start() of a client returns it.
///
///     Call<Sum> sum = client.start<Sum>(numbers, 500ms);
///     sum.then([](Outcome<Sum> outcome) { if (outcome) use(*outcome); });
///
/// Destroyed without then(), it is cancelled, and a handler of onPart() that runs in another thread is waited for. It may outlive
/// its client, which ends it with Errc::stopping.
///
/// One thread at a time; movable.
template <class Reply>
class Call {
 public:
  /// Whether it has ended.
  bool ready() const { return handle_.ready(); }

  /// Waits for that; false if it has not ended in time. Throws Error{outOfTurn} in a callback of the same client, in whose
  /// thread the reply would come.
  bool wait(Timeout timeout) const { return handle_.wait(timeout); }

  /// Waits for the reply, and for the handlers of the parts before it. Nothing if none came in time. Throws Error as call() does,
  /// and as wait().
  std::optional<Reply> get() { return getUnless(nullptr); }

  /// Once the Interrupt is raised, wait() is false, and get() nothing; the call goes on.
  bool wait(Timeout timeout, const Interrupt& interrupt) const { return handle_.wait(timeout, &interrupt); }
  std::optional<Reply> get(const Interrupt& interrupt) { return getUnless(&interrupt); }

  /// Calls `follower` once, with the outcome, in the client's own thread, also if that is known already; in the calling
  /// thread if the client is gone or stopped. No lock is held. It may start calls, cancel them, stop the client and destroy
  /// it, but not wait for another call. What it throws goes to the log.
  ///
  /// The call goes on without this object. The last follower counts.
  void then(std::function<void(Outcome<Reply>)> follower) {
    handle_.follow(detail::followerOf(std::move(follower)), false);
  }

  /// Calls `handler` with each part of this type that comes before the reply, in order, in the client's own thread, as then()
  /// says; also with those that have come by now. One handler a type. The sender waits if it is far ahead of the handler. If the
  /// request is given to another instance (CallOptions::repeatable), its parts come again from the first.
  template <class Part>
  Call& onPart(std::function<void(const Part&)> handler) {
    handle_.onPart(std::make_shared<Part>(), [handler = std::move(handler)](const google::protobuf::Message& part) {
      handler(static_cast<const Part&>(part));
    });
    return *this;
  }

  /// Ends it at once, with Errc::cancelled, unless it has ended. Its handler is told, if the peer understands that.
  void cancel() { handle_.cancel(); }

  // co_await, where the compiler has it: the reply, or it throws, Errc::deadlinePassed too. Goes on in the client's own
  // thread. While one awaits it, it stays where it is.
  bool await_ready() const { return ready(); }
  template <class Coroutine>
  void await_suspend(Coroutine coroutine) {
    handle_.follow([coroutine](detail::CallHandle&&) mutable { coroutine.resume(); }, true);
  }
  Reply await_resume() { return std::move(*Outcome<Reply>(handle_)); }

  explicit Call(detail::CallHandle&& handle) noexcept : handle_(std::move(handle)) {}

 private:
  std::optional<Reply> getUnless(const Interrupt* interrupt) {
    std::optional<Reply> reply(std::in_place);
    if (!handle_.getInto(*reply, interrupt)) reply.reset();
    return reply;
  }

  detail::CallHandle handle_;
};

}  // namespace dividere
