#include "client.hpp"

#include <google/protobuf/message.h>

#include "../messaging/detail/codec.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "../reactor/detail/call_reply.hpp"
#include "../reactor/detail/call_start.hpp"
#include "../registry/detail/entry_rules.hpp"
#include "detail/service_desk.hpp"

namespace dividere::detail {

static std::string whoCalls(const std::string& serviceName) {
  requireServiceName("service::Client", serviceName);
  return "service::Client '" + serviceName + "'";
}

}  // namespace dividere::detail

namespace dividere::service {

Client::Client(const std::string& serviceName, const ClientOptions& options)
    : who_(detail::whoCalls(serviceName)), desk_(std::make_unique<detail::ServiceDesk>(who_, serviceName, options)) {}

Client::~Client() { detail::endDesk(desk_.release()); }

std::unique_ptr<google::protobuf::Message> Client::call(const google::protobuf::Message& request, Timeout timeout) {
  return detail::replyOf(*make(request, timeout, nullptr));
}

std::unique_ptr<google::protobuf::Message> Client::call(const google::protobuf::Message& request, Timeout timeout,
                                                        const Interrupt& interrupt) {
  const auto call = make(request, timeout, &interrupt);
  return call ? detail::replyOf(*call) : nullptr;
}

bool Client::callInto(const google::protobuf::Message& request, google::protobuf::Message& reply, Timeout timeout) {
  return detail::replyInto(*make(request, timeout, nullptr), reply);
}

bool Client::callInto(const google::protobuf::Message& request, google::protobuf::Message& reply, Timeout timeout,
                      const Interrupt& interrupt) {
  const auto call = make(request, timeout, &interrupt);
  return call && detail::replyInto(*call, reply);
}

/// Null if the Interrupt came first.
std::shared_ptr<detail::PendingCall> Client::make(const google::protobuf::Message& request, Timeout timeout,
                                                  const Interrupt* interrupt) {
  detail::CallTerms terms = detail::termsOf(detail::Deadline::in(timeout), nullptr);
  terms.isTimed = false;
  auto call = desk_->prepare(request, terms, nullptr);
  if (!desk_->make(call, interrupt)) call.reset();
  return call;
}

detail::CallHandle Client::begin(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options,
                                 detail::CallHandle::Follower follower) {
  const detail::CallTerms terms = detail::termsOf(detail::Deadline::in(timeout), options);
  return detail::startCall(*desk_, request, terms, options, std::move(follower));
}

detail::CallHandle Client::beginStream(const google::protobuf::Message& request, Timeout timeout,
                                       const CallOptions* options) {
  return detail::startStream(*desk_, request, detail::Deadline::in(timeout), options);
}

std::vector<detail::CallHandle> Client::beginAll(const google::protobuf::Message& request, Timeout timeout,
                                                 const Interrupt* interrupt) {
  const auto terms = detail::termsOf(detail::Deadline::in(timeout), nullptr);
  std::vector<detail::CallHandle> handles;
  for (auto& call : desk_->beginAll(desk_->prepare(request, terms, nullptr), interrupt))
    handles.emplace_back(std::move(call));
  return handles;
}

void Client::stop() { desk_->stop(); }

}  // namespace dividere::service
