#include "later.hpp"

#include <utility>

#include "detail/late_replies.hpp"
#include "detail/remaining.hpp"

namespace dividere::reactor {

void Later::send(const google::protobuf::Message& message) { call().reply(message); }

void Later::sendPart(const google::protobuf::Message& part) { call().replyPart(part); }

void Later::fail(const Failure& failure) {
  call().fail(Error(Errc::handlerFailed, "reactor::Later: " + failure.text(), failure.text(), failure.code()));
}

bool Later::cancelled() const { return call().isCancelled(); }

std::chrono::milliseconds Later::remaining() const { return detail::remainingUntil(call().deadline()); }

Later::Later(detail::Hidden<detail::DeferredCall> call) noexcept : call_(std::move(call)) {}
Later::Later(Later&&) noexcept = default;
Later& Later::operator=(Later&&) noexcept = default;
Later::~Later() = default;

detail::DeferredCall& Later::call() const {
  if (!call_) throw Error(Errc::movedFrom, "reactor::Later");
  return *call_;
}

}  // namespace dividere::reactor
