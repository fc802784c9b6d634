#include "origin.hpp"

#include "late_replies.hpp"

namespace dividere::detail {

void Origin::reply(Frame& frame) {
  if (isDeferred_) throw Error(Errc::outOfTurn, "reactor::Sender: send: the reply was left to a Later");
  if (!isKnownCancelled()) send(frame);
  isReplied_ = true;
}

Hidden<DeferredCall> Origin::defer() {
  if (isDeferred_) throw Error(Errc::outOfTurn, "reactor::Sender: defer: the reply was left to a Later before");
  if (isReplied_) throw Error(Errc::outOfTurn, "reactor::Sender: defer: the request has had its reply");
  control();
  auto call = std::make_unique<DeferredCall>(lateReplies(), route_, LateReplies::Request{control_, wantsErrors()},
                                             terms_, replyRule_);
  isDeferred_ = true;
  return call;
}

std::shared_ptr<LateReplies> Origin::lateReplies() {
  throw Error(Errc::outOfTurn, "reactor::Sender: defer: by this socket a reply comes before its handler returns");
}

bool Origin::isCancelled() {
  takeNews();
  return isKnownCancelled();
}

CallControl& Origin::control() {
  if (!control_) control_ = std::make_shared<CallControl>();
  return *control_;
}

void Origin::newMessage() {
  route_.clear();
  isReplied_ = false;
  if (hasTerms_) terms_ = {};
  hasTerms_ = false;
  if (isDeferred_) control_ = nullptr;  // the Later's from now on
  isDeferred_ = false;
  if (control_) control_->reset();
}

}  // namespace dividere::detail
