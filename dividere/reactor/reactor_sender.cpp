#include "reactor_sender.hpp"

#include <string>
#include <utility>

#include "../messaging/detail/codec.hpp"
#include "detail/outgoing.hpp"

namespace dividere::reactor {

ReactorSender::ReactorSender(std::shared_ptr<detail::Outgoing> outgoing) noexcept : outgoing_(std::move(outgoing)) {}

detail::Outgoing& ReactorSender::outgoing() const {
  if (!outgoing_) throw Error(Errc::movedFrom, detail::kReactorSender);
  return *outgoing_;
}

void ReactorSender::send(const google::protobuf::Message& message) const { send({}, message); }

void ReactorSender::send(const connection::Route& route, const google::protobuf::Message& message) const {
  if (send(route, message, std::chrono::milliseconds(0))) return;
  throw Error(Errc::overloaded, std::string(detail::kReactorSender) + ": send: the socket takes no more, and " +
                                    std::to_string(detail::kMostOutgoing) + " messages wait");
}

bool ReactorSender::send(const google::protobuf::Message& message, Timeout timeout) const {
  return send({}, message, timeout);
}

bool ReactorSender::send(const connection::Route& route, const google::protobuf::Message& message,
                         Timeout timeout) const {
  return outgoing().send(route, detail::encodeFrame(detail::kReactorSender, message), detail::Deadline::in(&timeout));
}

bool ReactorSender::send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt) const {
  return send({}, message, timeout, interrupt);
}

bool ReactorSender::send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout,
                         const Interrupt& interrupt) const {
  return outgoing().send(route, detail::encodeFrame(detail::kReactorSender, message),
                         detail::Deadline::in(&timeout, &interrupt));
}

std::size_t ReactorSender::waiting() const { return outgoing().count(); }

}  // namespace dividere::reactor
