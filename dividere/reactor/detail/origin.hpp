#pragma once

// Where a message came from.

#include <memory>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "reply_rule.hpp"

namespace dividere::detail {

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
  }

  connection::Route route_;

 private:
  bool isReplied_ = false;
  std::shared_ptr<const ReplyRule> replyRule_;
};

}  // namespace dividere::detail
