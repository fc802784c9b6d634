#include "handler_table.hpp"

#include "../../core/detail/text.hpp"
#include "../../messaging/detail/codec.hpp"
#include "../../messaging/detail/error_envelope.hpp"

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
  who_ = std::move(who);
  sealed_ = true;
}

Error currentAsHandlerError(const std::string& what) {
  try {
    throw;
  } catch (const std::exception& error) {
    return Error(Errc::handlerFailed, what + ": " + error.what());
  } catch (...) {
    return Error(Errc::handlerFailed, what + ": something that is no std::exception");
  }
}

void HandlerTable::dispatch(std::string_view bytes, Origin& origin) noexcept {
  try {
    handle(bytes, origin);
  } catch (const Error& error) {
    refuseMalformed(origin, error);
  } catch (const std::exception& error) {
    // Out of memory, say, while parsing.
    const Error told(Errc::handlerFailed, who_ + ": " + error.what());
    report(told);
    refuse(origin, told);
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
  if (origin.owesAnswer() && !origin.isAnswered()) {
    return refuseFailed(origin, Error(Errc::handlerFailed, what() + ": it sent no answer"), true);
  }
  ++handled_;
}

void HandlerTable::handleUnknown(std::string_view type, std::string_view payload, Origin& origin) {
  DividereError told;
  // An answer that says there is none has nothing to reply to; but a Response has asked nothing, and owes one.
  if (type == DividereError::kType && !origin.owesAnswer() && told.decode(payload)) {
    return report(asError(who_, told));
  }
  ++unknown_;
  const Error error(Errc::unknownType, who_ + ": no handler for '" + shown(type) + "'");
  warnings_.log(LogLevel::warning, who_, "no handler for '" + shown(type) + "'");
  if (onUnknown_) {
    run(
        [&] {
          reactor::Sender sender(origin);
          onUnknown_(std::string(type), sender);
        },
        "the hook for unknown types");
  }
  refuse(origin, error);
}

void HandlerTable::run(const std::function<void()>& function, const char* what) noexcept {
  try {
    function();
  } catch (...) {
    report(currentAsHandlerError(who_ + ": " + what));
  }
}

void HandlerTable::refuseMalformed(Origin& origin, const Error& error) noexcept {
  ++malformed_;
  report(error);
  refuse(origin, error);
}

void HandlerTable::refuseFailed(Origin& origin, const Error& error, bool tell) noexcept {
  ++failed_;
  report(error);
  if (tell) refuse(origin, error);
}

void HandlerTable::report(const Error& error) noexcept {
  const std::string_view text(error.what());
  const bool saysWho = text.substr(0, who_.size()) == who_ && text.substr(who_.size(), 2) == ": ";
  warnings_.log(LogLevel::warning, who_, saysWho ? text.substr(who_.size() + 2) : text);
  if (!onError_) return;
  try {
    onError_(error);
  } catch (...) {
    warnings_.log(LogLevel::error, who_, "the error hook threw");
  }
}

void HandlerTable::refuse(Origin& origin, const Error& error) noexcept {
  if (!origin.wantsErrors() || origin.isAnswered()) return;
  try {
    // Where messages are to be short: without its text, or, to get unstuck, without anything.
    if (tryAnswer(origin, errorEnvelope(error)) || tryAnswer(origin, errorEnvelope(Error(error.code(), "")))) return;
    if (origin.owesAnswer()) tryAnswer(origin, {});
  } catch (const std::exception& failure) {
    warnings_.log(LogLevel::warning, who_, failure.what());
  }
}

/// False if this is longer than the socket lets anything be.
bool HandlerTable::tryAnswer(Origin& origin, const std::string& bytes) {
  try {
    Frame frame{std::string_view(bytes)};
    origin.answer(frame);
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
