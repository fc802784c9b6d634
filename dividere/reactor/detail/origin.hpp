#pragma once

// Where a message came from.

#include <functional>
#include <memory>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/socket.hpp"
#include "../../core/detail/hidden.hpp"
#include "call_control.hpp"
#include "reply_rule.hpp"
#include "request_terms.hpp"

namespace dividere::detail {

class CallerWatch;
class DeferredCall;
class LateReplies;

/// The envelope of a part.
Frame encodePart(const char* who, const google::protobuf::Message& part, std::uint32_t number);

/// Who can be replied to, for as long as the message is handled. In the thread that handles it.
class Origin {
 public:
  virtual ~Origin() = default;

  /// Whether there has to be one reply: without it somebody waits for ever.
  virtual bool owesReply() const = 0;

  /// Whether to tell, in place of a reply, why there is none.
  virtual bool wantsErrors() const = 0;

  /// Sends back one frame; nothing, if the request is cancelled. Throws Error{outOfTurn} where there is no way, or none any
  /// more.
  void reply(Frame& frame);
  bool isReplied() const { return isReplied_; }

  /// Sends a part ahead of the reply, once there is credit for it; nothing, if whoever asked takes no parts. Throws
  /// Error{outOfTurn} where there is no way for parts, or the reply has been sent, and what CallControl::requireTaken() does.
  void replyPart(const google::protobuf::Message& part);

  /// Leaves the reply to another thread. Throws Error{outOfTurn} where there is no way to, or a reply, Error{overloaded},
  /// and Error{stopping}.
  Hidden<DeferredCall> defer();
  bool isDeferred() const { return isDeferred_; }

  /// The frames that came in front of the message.
  const connection::Route& route() const { return route_; }

  /// Who sent the message; all empty where that is not known.
  const Peer& peer() const { return peer_; }

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

  /// Whether nobody wants the reply any more, as far as that is known.
  bool isCancelled();

  /// The same without a look for news.
  bool isKnownCancelled() const { return control_ && control_->isCancelled(); }

  /// Has `hook` called once that is known.
  void onCancel(CallControl::Hook hook);

  /// The handler has returned: what it gave to onCancel() is called no more, unless the reply is left to another thread.
  void endHandling() noexcept {
    if (control_ && !isDeferred_) control_->end();
  }

 protected:
  /// Does what reply() says.
  virtual void send(Frame& frame) = 0;

  /// Throws Error{outOfTurn} if there is no way for parts.
  virtual void requireParts() const;

  /// Sends one.
  virtual void sendPart(Frame& frame);

  /// Takes credit, waiting for it for as long as whoever asked waits.
  virtual CallControl::Credit takeCredit(std::uint32_t& part);

  /// What knows of callers that go; null where whoever asked need not be at the other end of the message's connection.
  virtual CallerWatch* callerWatch() { return nullptr; }

  /// The message that is handled, which stays where it is meanwhile.
  void comesBy(const Frame& message) { message_ = &message; }

  /// From now on the request is cancelled when its caller is gone; at once, if it is. False if that was so before.
  bool followCaller();

  /// Takes in what has come meanwhile, where nobody else can while the handler runs.
  virtual void takeNews() {}

  /// Where replies go that are sent later. Throws Error{outOfTurn} if they cannot.
  virtual std::shared_ptr<LateReplies> lateReplies();

  /// From here on it is the origin of another message.
  void newMessage();

  /// Has what reaches the request find this one, in place of one of its own.
  void setControl(std::shared_ptr<CallControl> control) { control_ = std::move(control); }
  const std::shared_ptr<CallControl>& sharedControl() const { return control_; }

  /// Where its peers are known by their keys.
  void learnPeer(const Socket& socket, const Frame& frame) {
    if (socket.isSecured()) peer_ = socket.peerOf(frame);
  }

  connection::Route route_;
  Peer peer_;

 private:
  CallControl& control();

  bool isReplied_ = false;
  bool isDeferred_ = false;
  bool hasTerms_ = false;
  bool follows_ = false;  // its caller, or tried to
  const Frame* message_ = nullptr;
  RequestTerms terms_;
  std::shared_ptr<const ReplyRule> replyRule_;
  std::shared_ptr<CallControl> control_;  // null until somebody needs it
};

}  // namespace dividere::detail
