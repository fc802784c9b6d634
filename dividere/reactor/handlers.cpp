#include "handlers.hpp"

#include "../messaging/detail/codec.hpp"
#include "detail/handler_table.hpp"
#include "detail/late_replies.hpp"
#include "detail/remaining.hpp"

namespace dividere::reactor {

void Sender::send(const google::protobuf::Message& message) {
  if (const auto& rule = origin_.replyRule()) rule->requireReply(message);
  detail::Frame frame = detail::encodeFrame("reactor::Sender", message);
  origin_.reply(frame);
}

void Sender::sendPart(const google::protobuf::Message& part) { origin_.replyPart(part); }

std::chrono::milliseconds Sender::remaining() const { return detail::remainingUntil(origin_.terms().deadline); }

bool Sender::cancelled() const { return origin_.isCancelled(); }

void Sender::onCancel(std::function<void()> hook) { origin_.onCancel(std::move(hook)); }

Later Sender::defer() { return Later(origin_.defer()); }

const connection::Route& Sender::route() const { return origin_.route(); }

const Peer& Sender::peer() const { return origin_.peer(); }

HandlerSet::HandlerSet() : table_(std::make_unique<detail::HandlerTable>()) {}

HandlerSet::~HandlerSet() = default;

HandlerStats HandlerSet::handlerStats() const { return table_->stats(); }

void HandlerSet::setHandler(const std::string* method, std::shared_ptr<google::protobuf::Message> reused,
                            std::shared_ptr<const google::protobuf::Message> reply, Handler handler) {
  table_->set(method, {std::move(reused), std::move(reply), std::move(handler)});
}

void HandlerSet::setUnknown(std::function<void(const std::string&, Sender&)> hook) {
  table_->setUnknown(std::move(hook));
}

void HandlerSet::setError(std::function<void(const Error&)> hook) { table_->setError(std::move(hook)); }

}  // namespace dividere::reactor
