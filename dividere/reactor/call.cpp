#include "call.hpp"

#include "../core/detail/never_destroyed.hpp"
#include "../messaging/detail/codec.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "detail/call_desk.hpp"
#include "detail/call_reply.hpp"

namespace dividere::detail {

const Error& noError() noexcept {
  static NeverDestroyed<Error> none(std::error_code(), "no error");
  return *none;
}

void throwCopyOf(const Error& error) { throw Error(error); }

static bool isInClientsThread(const PendingCall& call) {
  std::lock_guard<std::mutex> lock(call.door()->mutex);
  const CallDesk* const desk = call.door()->desk;
  return desk && desk->isCurrent();
}

/// In the thread that brings the outcome nobody can wait for it.
static void requireWaitable(const PendingCall& call) {
  if (call.isComplete() || !isInClientsThread(call)) return;
  throw Error(Errc::outOfTurn, call.door()->who + ": a callback must not wait for another call: use then()");
}

CallHandle::CallHandle(std::shared_ptr<PendingCall> call) noexcept : call_(std::move(call)) {}
CallHandle::CallHandle(CallHandle&&) noexcept = default;

CallHandle& CallHandle::operator=(CallHandle&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  call_ = std::move(other.call_);
  isFollowed_ = other.isFollowed_;
  hasPartHandler_ = other.hasPartHandler_;
  return *this;
}

CallHandle::~CallHandle() { abandon(); }

void CallHandle::abandon() noexcept {
  if (!call_ || isFollowed_ || call_->door()->fork.crossed()) return;
  call_->setFollower(nullptr);
  cancel();
  if (hasPartHandler_) call_->parts().dropHandlers();
}

const std::shared_ptr<PendingCall>& CallHandle::call() const {
  if (!call_) throw Error(Errc::movedFrom, "Call");
  call_->door()->fork.require("Call");
  return call_;
}

bool CallHandle::ready() const { return call()->isComplete(); }

/// Who waits for the outcome and has no handler for parts is not to keep their sender waiting.
void CallHandle::wantsNoParts() const {
  PendingCall& call = *this->call();
  if (!call.terms().takesParts || hasPartHandler_ || call.keepsLastParts()) return;
  call.setKeepsLastParts(true);
  if (!call.hasParts()) return;
  call.parts().countAll();
  CallDesk::deliverSoon(call_);
}

/// Their handlers use what the waiting thread goes on to use. In the thread that calls them nobody can wait for them.
bool CallHandle::awaitPartsHandled(const Deadline& deadline) const {
  if (!hasPartHandler_ || isInClientsThread(*call_)) return true;
  if (call_->parts().isDue()) CallDesk::deliverSoon(call_);
  return call_->parts().awaitHandled(deadline);
}

bool CallHandle::wait(Timeout timeout, const Interrupt* interrupt) const {
  requireWaitable(*call());
  wantsNoParts();
  const Deadline deadline = Deadline::in(&timeout, interrupt);
  return call_->wait(deadline) && awaitPartsHandled(deadline);
}

std::shared_ptr<const Error> CallHandle::takeInto(google::protobuf::Message& reply) const {
  try {
    if (getInto(reply)) return nullptr;
    return std::make_shared<const Error>(failureOf(*call_));
  } catch (const Error& error) {
    return std::make_shared<const Error>(error);
  }
}

bool CallHandle::getInto(google::protobuf::Message& reply, const Interrupt* interrupt) const {
  requireWaitable(*call());
  wantsNoParts();
  const Deadline deadline = Deadline::never().unless(interrupt);
  return call_->wait(deadline) && awaitPartsHandled(deadline) && replyInto(*call_, reply);
}

void CallHandle::follow(Follower follower, bool isKept) {
  // By value: the follower may be called, and this object be gone, before this function has returned.
  const std::shared_ptr<PendingCall> call = this->call();
  isFollowed_ = !isKept;
  wantsNoParts();
  call->setFollower(std::make_unique<PendingCall::Follower>(
      [follower = std::move(follower)](const std::shared_ptr<PendingCall>& ended) {
        CallHandle handle(ended);
        handle.isFollowed_ = true;
        follower(std::move(handle));
      }));
  if (call->isComplete()) CallDesk::deliverSoon(call);
}

/// Whether the part is of the message's type, which it is copied to then.
static bool partInto(const std::string& who, std::string_view part, google::protobuf::Message& message) {
  std::string_view payload;
  if (!openEnvelopeOf(message, part, payload)) {
    const Envelope envelope = openEnvelope(who, part);
    if (envelope.type != typeOf(message)) return false;
    payload = envelope.payload;
  }
  parsePayload(who, payload, message);
  return true;
}

void CallHandle::onPart(std::shared_ptr<google::protobuf::Message> reused,
                        std::function<void(const google::protobuf::Message&)> handler) {
  const std::shared_ptr<PendingCall>& call = this->call();
  hasPartHandler_ = true;
  call->setKeepsLastParts(false);
  call->parts().addHandler(
      [who = call->door()->who, reused = std::move(reused), handler = std::move(handler)](std::string_view part) {
        if (!partInto(who, part, *reused)) return false;
        handler(*reused);
        return true;
      });
  if (call->parts().isDue()) CallDesk::deliverSoon(call);
}

void CallHandle::readParts() {
  call()->parts();
  hasPartHandler_ = true;
}

bool CallHandle::waitForPart(Timeout timeout, const Interrupt* interrupt) const {
  PendingCall& call = *this->call();
  const auto hasEnded = [&] { return call.isComplete(); };
  if (call.parts().wait(hasEnded, Deadline::longAgo())) return true;
  requireWaitable(call);
  return call.parts().wait(hasEnded, Deadline::in(&timeout, interrupt));
}

bool CallHandle::nextPart(google::protobuf::Message& part) const {
  PendingCall& call = *this->call();
  const std::string& who = call.door()->who;
  CallParts& parts = call.parts();
  Frame frame;
  if (!parts.take(frame)) {
    requireWaitable(call);
    parts.wait([&] { return call.isComplete(); }, Deadline::never());
    if (!parts.take(frame)) {
      if (const auto* reply = std::get_if<Frame>(&call.outcome())) {
        throwIfErrorEnvelope(who, reply->view());
        return false;
      }
      throw failureOf(call);
    }
  }
  if (parts.hasCredit()) CallDesk::deliverSoon(call_);
  decodeEnvelopeInto(who, frame.view(), part);
  return true;
}

void CallHandle::cancel() { CallDesk::cancel(call()); }

}  // namespace dividere::detail
