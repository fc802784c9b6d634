#include "handler_table.hpp"

#include "../../core/detail/text.hpp"
#include "../../messaging/dealer.hpp"
#include "../../messaging/detail/codec.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "../../messaging/detail/message_types.hpp"

namespace dividere::detail {

void HandlerTable::requireOpen() const {
  if (sealed_) throw Error(Errc::outOfTurn, who_ + ": handlers are set before start()");
}

void HandlerTable::set(std::shared_ptr<google::protobuf::Message> reused, Handler handler) {
  requireOpen();
  std::string type(typeOf(*reused));
  byType_[std::move(type)] = {std::move(reused), std::move(handler)};
}

void HandlerTable::setUnknown(std::function<void(const std::string&, reactor::Sender&)> hook) {
  requireOpen();
  onUnknown_ = std::move(hook);
}

void HandlerTable::setError(std::function<void(const Error&)> hook) {
  requireOpen();
  onError_ = std::move(hook);
}

void HandlerTable::seal(std::string who) {
  if (sealed_) return;  // by a second start(), which is refused, while handlers run
  who_ = std::move(who);
  sealed_ = true;
}

void HandlerTable::dispatch(std::string_view bytes, Origin& origin) noexcept {
  try {
    handle(bytes, origin);
  } catch (const Error& error) {
    refuseUntaken(origin, error);
  } catch (const std::exception& error) {
    // Out of memory, say, while parsing.
    refuseFailed(origin, Error(Errc::handlerFailed, who_ + ": " + error.what(), error.what()), true);
  }
}

void HandlerTable::handle(std::string_view bytes, Origin& origin) {
  const Entry* entry = last_.load(std::memory_order_relaxed);
  std::string_view payload;
  if (!entry || !openEnvelopeOf(*entry->message, bytes, payload)) {
    const Envelope envelope = openEnvelope(who_, bytes);
    const auto found = byType_.find(envelope.type);
    if (found == byType_.end()) return handleUnknown(envelope.type, envelope.payload, origin);
    entry = &found->second;
    payload = envelope.payload;
    last_.store(entry, std::memory_order_relaxed);
  }
  const std::unique_ptr<google::protobuf::Message> own(parallel_ ? entry->message->New() : nullptr);
  google::protobuf::Message& message = own ? *own : *entry->message;
  parsePayload(who_, payload, message);
  callHandler(entry->handle, message, origin);
}

void HandlerTable::callHandler(const Handler& handler, const google::protobuf::Message& message, Origin& origin) {
  const auto what = [&] { return who_ + ": handler of '" + std::string(typeOf(message)) + "'"; };
  try {
    reactor::Sender sender(origin);
    handler(message, sender);
  } catch (...) {
    return refuseFailed(origin, currentAsHandlerError(what()), true);
  }
  if (origin.owesReply() && !origin.isReplied()) {
    constexpr const char* kText = "it sent no reply";
    return refuseFailed(origin, Error(Errc::handlerFailed, what() + ": " + kText, kText), true);
  }
  ++handled_;
}

void HandlerTable::handleUnknown(std::string_view type, std::string_view payload, Origin& origin) {
  DividereError told;
  // A reply that says there is none has nothing to reply to; but a Response has asked nothing, and owes one.
  if (type == DividereError::kType && !origin.owesReply() && told.decode(payload)) {
    return report(asError(who_, told), origin);
  }
  ++unknown_;
  const std::string text = "no handler for '" + shown(type) + "'";
  warnings_.log(LogLevel::warning, who_, text);
  if (onUnknown_) callUnknownHook(type, origin);
  refuse(origin, Error(Errc::unknownType, who_ + ": " + text));
}

void HandlerTable::callUnknownHook(std::string_view type, Origin& origin) noexcept {
  try {
    reactor::Sender sender(origin);
    onUnknown_(isTypeName(type) ? std::string(type) : shown(type), sender);
  } catch (...) {
    report(currentAsHandlerError(who_ + ": the hook for unknown types"));
  }
}

void HandlerTable::refuseUntaken(Origin& origin, const Error& error) noexcept {
  if (error.code() != Errc::malformed) return refuseFailed(origin, error, true);
  ++malformed_;
  report(error, origin);
  refuse(origin, error);
}

void HandlerTable::refuseFailed(Origin& origin, const Error& error, bool tell) noexcept {
  ++failed_;
  report(error);
  if (tell) refuse(origin, error);
}

void HandlerTable::report(const Error& error, const Origin& origin) noexcept {
  if (origin.route().empty()) return report(error);
  try {
    report(messaging::Dealer::RoutedError(error, origin.route()));
  } catch (const std::exception&) {
    report(error);  // no memory for the route
  }
}

void HandlerTable::report(const Error& error) noexcept {
  log_.write(who_, error);
  if (!onError_) return;
  try {
    onError_(error);
  } catch (...) {
    warnings_.log(LogLevel::error, who_, "the error hook threw");
  }
}

void HandlerTable::refuse(Origin& origin, const Error& error) noexcept {
  if (!origin.wantsErrors() || origin.isReplied()) return;
  try {
    // Where messages are to be short: without its text, or, to get unstuck, without anything.
    if (tryReply(origin, errorEnvelope(error)) || tryReply(origin, errorEnvelope(Error(error.code(), "")))) return;
    if (origin.owesReply()) tryReply(origin, {});
  } catch (const Error& failure) {
    log_.write(who_, failure);
  } catch (const std::exception&) {
    // No memory for that.
  }
}

/// False if this is longer than the socket lets anything be.
bool HandlerTable::tryReply(Origin& origin, const std::string& bytes) {
  try {
    Frame frame{std::string_view(bytes)};
    origin.reply(frame);
    return true;
  } catch (const Error& failure) {
    if (failure.code() != Errc::tooLarge) throw;
    return false;
  }
}

reactor::HandlerStats HandlerTable::stats() const {
  return {handled_.load(), failed_.load(), unknown_.load(), malformed_.load()};
}

}  // namespace dividere::detail
