#include "origin.hpp"

#include <utility>

#include "../../messaging/detail/codec.hpp"
#include "caller_watch.hpp"
#include "late_replies.hpp"

namespace dividere::detail {

constexpr const char* kSender = "reactor::Sender";

void Origin::reply(Frame& frame) {
  if (isDeferred_) throw Error(Errc::outOfTurn, "reactor::Sender: send: the reply was left to a Later");
  if (!control_ || !control_->isGivenUp()) send(frame);
  isReplied_ = true;
}

void Origin::replyPart(const google::protobuf::Message& part) {
  if (isDeferred_ || isReplied_) {
    throw Error(Errc::outOfTurn, std::string(kSender) + ": sendPart: parts come before the reply");
  }
  requireParts();
  if (replyRule_) replyRule_->requirePart(part);
  if (!terms_.takesParts) return;
  control();
  std::uint32_t number = 0;
  CallControl::requireTaken(takeCredit(number), kSender);
  Frame frame = encodePart(kSender, part, number);
  sendPart(frame);
}

CallControl::Credit Origin::takeCredit(std::uint32_t& part) {
  const auto credit = control_->takeCredit(Deadline::longAgo(), part);
  if (credit != CallControl::Credit::none) return credit;
  followCaller();
  return control_->takeCredit(terms_.deadline, part);
}

void Origin::requireParts() const {
  throw Error(Errc::outOfTurn,
              std::string(kSender) + ": sendPart: by this socket a request has one reply and no parts");
}

void Origin::sendPart(Frame&) { requireParts(); }

Frame encodePart(const char* who, const google::protobuf::Message& part, std::uint32_t number) {
  CallFields fields;
  fields.part = number;
  fields.more = true;
  const std::string tail = fields.serialized();
  return encodeFrame(who, part, {{}, tail});
}

Hidden<DeferredCall> Origin::defer() {
  if (isDeferred_) throw Error(Errc::outOfTurn, "reactor::Sender: defer: the reply was left to a Later before");
  if (isReplied_) throw Error(Errc::outOfTurn, "reactor::Sender: defer: the request has had its reply");
  control();
  followCaller();
  auto call = std::make_unique<DeferredCall>(lateReplies(), route_,
                                             LateReplies::Request{control_, wantsErrors(), terms_}, replyRule_);
  isDeferred_ = true;
  return Hidden<DeferredCall>(std::move(call));  // clang 11 does not convert what it could move
}

std::shared_ptr<LateReplies> Origin::lateReplies() {
  throw Error(Errc::outOfTurn, "reactor::Sender: defer: by this socket a reply comes before its handler returns");
}

bool Origin::isCancelled() {
  followCaller();
  takeNews();
  return isKnownCancelled();
}

void Origin::onCancel(CallControl::Hook hook) {
  followCaller();
  control().onCancel(std::move(hook));
}

bool Origin::followCaller() {
  if (std::exchange(follows_, true)) return false;
  CallerWatch* const watch = message_ ? callerWatch() : nullptr;
  if (!watch) return true;
  control();
  watch->follow(control_, *message_);
  return true;
}

CallControl& Origin::control() {
  if (!control_) control_ = std::make_shared<CallControl>();
  return *control_;
}

void Origin::newMessage() {
  route_.clear();
  if (!peer_.key.empty() || !peer_.name.empty()) peer_ = {};
  isReplied_ = follows_ = false;
  message_ = nullptr;
  if (hasTerms_) terms_ = {};
  hasTerms_ = false;
  if (isDeferred_) control_ = nullptr;  // the Later's from now on
  isDeferred_ = false;
  if (control_) control_->reset();
}

}  // namespace dividere::detail
