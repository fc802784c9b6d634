#include "client.hpp"

#include <google/protobuf/message.h>

#include "../messaging/detail/codec.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "../registry/detail/entry_rules.hpp"
#include "detail/call_desk.hpp"

namespace dividere::detail {

static std::string whoCalls(const std::string& serviceName) {
  requireServiceName("service::Client", serviceName);
  return "service::Client '" + serviceName + "'";
}

}  // namespace dividere::detail

namespace dividere::service {

Client::Client(const std::string& serviceName, const ClientOptions& options)
    : who_(detail::whoCalls(serviceName)), desk_(std::make_unique<detail::CallDesk>(serviceName, options)) {}

Client::~Client() = default;

std::unique_ptr<google::protobuf::Message> Client::call(const google::protobuf::Message& request,
                                                        std::chrono::milliseconds timeout) {
  detail::Frame frame;
  if (!ask(request, frame, timeout)) return nullptr;
  detail::throwIfErrorEnvelope(who_, frame.view());  // though its type may be linked here
  return detail::decodeEnvelope(who_, frame.view());
}

bool Client::callInto(const google::protobuf::Message& request, google::protobuf::Message& reply,
                      std::chrono::milliseconds timeout) {
  detail::Frame frame;
  if (!ask(request, frame, timeout)) return false;
  detail::decodeEnvelopeInto(who_, frame.view(), reply);
  return true;
}

void Client::stop() { desk_->stop(); }

bool Client::ask(const google::protobuf::Message& request, detail::Frame& reply, std::chrono::milliseconds timeout) {
  const auto deadline = detail::Deadline::in(timeout);
  const auto call = std::make_shared<detail::AwaitedCall>(detail::encodeFrame(who_, request));
  const auto size = static_cast<std::int64_t>(call->requestSize());
  if (desk_->maxMessageBytes() >= 0 && size > desk_->maxMessageBytes()) {
    throw Error(Errc::tooLarge, who_ + ": a request of " + std::to_string(size) + " bytes");
  }
  desk_->make(call, deadline);
  detail::CallOutcome outcome = call->takeOutcome();
  if (const auto* failure = std::get_if<detail::CallFailure>(&outcome)) {
    throw Error(failure->code, failure->text.empty() ? who_ : who_ + ": " + failure->text);
  }
  auto* const frame = std::get_if<detail::Frame>(&outcome);
  if (frame) reply = std::move(*frame);
  return frame != nullptr;
}

}  // namespace dividere::service
