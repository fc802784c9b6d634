#include "call_reply.hpp"

#include "../../messaging/detail/codec.hpp"
#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

Error failureOf(const PendingCall& call) {
  const std::string& who = call.door()->who;
  const auto* failure = std::get_if<CallFailure>(&call.outcome());
  if (!failure) return Error(Errc::deadlinePassed, who);
  return Error(failure->code, failure->text.empty() ? who : who + ": " + failure->text);
}

bool replyInto(const PendingCall& call, google::protobuf::Message& reply) {
  const std::string& who = call.door()->who;
  if (const auto* frame = std::get_if<Frame>(&call.outcome())) {
    decodeEnvelopeInto(who, frame->view(), reply);
    return true;
  }
  if (std::holds_alternative<NoneInTime>(call.outcome())) return false;
  throw failureOf(call);
}

std::unique_ptr<google::protobuf::Message> replyOf(const PendingCall& call) {
  const std::string& who = call.door()->who;
  if (const auto* frame = std::get_if<Frame>(&call.outcome())) {
    throwIfErrorEnvelope(who, frame->view());  // though its type may be linked here
    return decodeEnvelope(who, frame->view());
  }
  if (std::holds_alternative<NoneInTime>(call.outcome())) return nullptr;
  throw failureOf(call);
}

std::optional<std::string> replyBytes(const PendingCall& call) {
  const std::string& who = call.door()->who;
  if (const auto* frame = std::get_if<Frame>(&call.outcome())) {
    throwIfErrorEnvelope(who, frame->view());
    return frame->str();
  }
  if (std::holds_alternative<NoneInTime>(call.outcome())) return std::nullopt;
  throw failureOf(call);
}

}  // namespace dividere::detail
