#pragma once

// Where a message came from.

#include <memory>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "../../core/detail/deadline.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "reply_rule.hpp"

namespace dividere::detail {

/// What a request says of its call, as of when it was received.
struct RequestTerms {
  RequestTerms() = default;
  explicit RequestTerms(const CallFields& fields) : takesParts(fields.takesParts) {
    if (fields.timeoutMs > 0) deadline = Deadline::in(std::chrono::milliseconds(fields.timeoutMs));
  }

  Deadline deadline = Deadline::never();  ///< by when it wants its reply
  bool takesParts = false;
};

/// Who can be replied to, for as long as the message is handled.
class Origin {
 public:
  virtual ~Origin() = default;

  /// Whether there has to be one reply: without it somebody waits for ever.
  virtual bool owesReply() const = 0;

  /// Whether to tell, in place of a reply, why there is none.
  virtual bool wantsErrors() const = 0;

  /// Sends back one frame. Throws Error{outOfTurn} where there is no way, or none any more.
  void reply(Frame& frame) {
    send(frame);
    isReplied_ = true;
  }
  bool isReplied() const { return isReplied_; }

  /// The frames that came in front of the message.
  const connection::Route& route() const { return route_; }

  /// Set as the message is received, where it may wait then. Else HandlerTable sets it.
  const RequestTerms& terms() const { return terms_; }
  bool hasTerms() const { return hasTerms_; }
  void setTerms(const RequestTerms& terms) {
    terms_ = terms;
    hasTerms_ = true;
  }

  /// What the reply has to be; null: anything. Set for each message that has a handler.
  const std::shared_ptr<const ReplyRule>& replyRule() const { return replyRule_; }
  void setReplyRule(const std::shared_ptr<const ReplyRule>& rule) {
    if (replyRule_ != rule) replyRule_ = rule;
  }

 protected:
  /// Does what reply() says.
  virtual void send(Frame& frame) = 0;

  /// From here on it is the origin of another message.
  void newMessage() {
    route_.clear();
    isReplied_ = false;
    if (hasTerms_) terms_ = {};
    hasTerms_ = false;
  }

  connection::Route route_;

 private:
  bool isReplied_ = false;
  bool hasTerms_ = false;
  RequestTerms terms_;
  std::shared_ptr<const ReplyRule> replyRule_;
};

}  // namespace dividere::detail
