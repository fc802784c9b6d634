#pragma once

// Requests that are replied to after their handler has returned.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/error.hpp"
#include "call_control.hpp"
#include "reply_rule.hpp"
#include "request_terms.hpp"

namespace dividere::detail {

class ReactorLoop;

/// Replies on their way from any thread to the loop that sends them, as long as that lives; and the requests that wait for
/// them. It outlives both.
class LateReplies : public std::enable_shared_from_this<LateReplies> {
 public:
  /// Who sends them. In the loop's thread but for requireSendable().
  class Outlet {
   public:
    /// Sends one frame along a route. Never waits.
    virtual void sendLate(const connection::Route& route, Frame& frame) = 0;

    /// A request was given up, or found no reply. Tells whoever asked if `tell`.
    virtual void lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept = 0;

    /// One that was cancelled has ended, without a reply.
    virtual void lateForgotten(const connection::Route& route) noexcept { static_cast<void>(route); }

    /// Throws Error{tooLarge} for more bytes than may be sent. Any thread.
    virtual void requireLate(std::size_t bytes) = 0;

   protected:
    ~Outlet() = default;
  };

  struct Request {
    std::shared_ptr<CallControl> control;
    bool wantsErrors;
    RequestTerms terms;
  };
  using Requests = std::multimap<connection::Route, Request>;  // a route may have several, of peers that name none
  using Place = Requests::iterator;

  /// The loop and the outlet live until close().
  LateReplies(ReactorLoop& loop, Outlet& outlet) : loop_(loop), outlet_(&outlet) {}

  // Any thread:

  /// Throws Error{overloaded} if there are too many, and Error{stopping} after close().
  Place add(const connection::Route& route, Request request);

  /// Sends a part, or the reply and ends with it. Throws Error{stopping} after close(), and Error{tooLarge}.
  void sendPart(Place place, Frame&& frame) { send(place, std::move(frame), false); }
  void reply(Place place, Frame&& frame) { send(place, std::move(frame), true); }

  /// Ends without a reply: with an error, or, being cancelled, with nothing.
  void fail(Place place, const Error& error) noexcept;
  void forget(Place place) noexcept;

  /// Whether no request waits, and no reply is on its way.
  bool isEmpty() const;

  /// Whether waiting in this thread keeps what is waited for from coming.
  bool isLoopsThread() const;

  // In the loop's thread:

  /// Calls `reach` with what is in the way of cancellations and credit to this route's requests; not under a lock.
  void reach(const connection::Route& route, const std::function<void(CallControl&)>& reach);

  /// The same for those whose route begins with this frame.
  void reachAll(const std::string& first, const std::function<void(CallControl&)>& reach);

  /// Cuts all of them off, as CallControl says.
  void cutOff();

  /// Which of those that still want a reply.
  enum class Left { all, unrepeatable };

  /// The loop or the outlet ends. The routes of those that are left, which an error is to be sent to in place of a reply.
  std::vector<connection::Route> close(Left left = Left::all) noexcept;

 private:
  using Controls = std::vector<std::shared_ptr<CallControl>>;
  void send(Place place, Frame&& frame, bool isLast);

  const ForkGuard fork_;
  ReactorLoop& loop_;

  mutable std::mutex mutex_;
  Outlet* outlet_;     // under mutex_; set to null in the loop's thread, or where that does not run
  Requests requests_;  // under mutex_
  std::atomic<std::size_t> onTheirWay_{0};
};

/// One such request. What Later holds: any thread, one at a time.
class DeferredCall {
 public:
  /// Throws as LateReplies::add().
  DeferredCall(std::shared_ptr<LateReplies> replies, const connection::Route& route, LateReplies::Request request,
               std::shared_ptr<const ReplyRule> rule);
  ~DeferredCall();
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;

  void reply(const google::protobuf::Message& message);
  void replyPart(const google::protobuf::Message& part);
  void fail(const Error& error);
  bool isCancelled() const { return control_->isCancelled(); }
  const Deadline& deadline() const { return terms_.deadline; }
  CallControl& control() { return *control_; }

 private:
  void requireOpen(const char* what) const;

  const std::shared_ptr<LateReplies> replies_;
  const std::shared_ptr<CallControl> control_;
  const RequestTerms terms_;
  const std::shared_ptr<const ReplyRule> rule_;
  const LateReplies::Place place_;
  bool isOpen_ = true;
};

}  // namespace dividere::detail
