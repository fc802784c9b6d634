#include "reply_windows.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "../../connection/detail/watched_frame.hpp"

namespace dividere::detail {

ReplyWindows::ReplyWindows(std::size_t most, std::function<void()> onRoom)
    : most_(most), listener_(std::make_shared<Listener>()) {
  listener_->onRoom = std::move(onRoom);
}

ReplyWindows::~ReplyWindows() {
  const std::lock_guard<std::mutex> lock(listener_->mutex);
  listener_->onRoom = nullptr;
}

void ReplyWindows::Listener::tell() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (onRoom) onRoom();
}

SendResult ReplyWindows::trySend(FrameSource& front, Multipart& reply) {
  const std::size_t bytes = reply.bytes();
  if (bytes < kSmall) return front.trySend(reply);
  const auto held = heldBy(reply.frames().front().view());
  if (!hasRoom(*held, bytes)) return SendResult::full;
  Frame payload = reply.takePayload();
  Frame kept = payload.share();
  reply.push(counted(std::move(payload), held, bytes));
  const SendResult result = front.trySend(reply);
  if (result == SendResult::full) reply.payload() = std::move(kept);
  return result;
}

// It says that it waits before it looks again: what is released in between is told.
bool ReplyWindows::hasRoom(const Held& held, std::size_t bytes) const {
  const auto isFree = [&] {
    const std::size_t its = held;
    return isOpen_ || its == 0 || (its + bytes <= kWindow && listener_->held + bytes <= most_);
  };
  if (isFree()) return true;
  listener_->isAwaited = true;
  return isFree();
}

Frame ReplyWindows::counted(Frame&& payload, std::shared_ptr<Held> held, std::size_t bytes) const {
  Held& its = *held;
  Frame made = watched(std::move(payload), [held = std::move(held), listener = listener_, bytes] {
    *held -= bytes;
    listener->held -= bytes;
    if (listener->isAwaited.exchange(false)) listener->tell();
  });
  its += bytes;  // the frame is still here
  listener_->held += bytes;
  return made;
}

std::shared_ptr<ReplyWindows::Held> ReplyWindows::heldBy(std::string_view client) {
  const auto found = held_.find(client);
  if (found != held_.end()) return found->second;
  if (held_.size() >= cleanUpAt_) forgetEmpty();
  return held_.emplace(std::string(client), std::make_shared<Held>(0)).first->second;
}

// Of clients that have read all, or are gone.
void ReplyWindows::forgetEmpty() {
  for (auto each = held_.begin(); each != held_.end();) {
    each = *each->second == 0 ? held_.erase(each) : std::next(each);
  }
  cleanUpAt_ = std::max<std::size_t>(64, 2 * held_.size());
}

}  // namespace dividere::detail
