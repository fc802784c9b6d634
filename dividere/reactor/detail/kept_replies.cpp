#include "kept_replies.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dividere::detail {

// To try peers in vain is followed by a pause so many times as long.
constexpr int kPauses = 4;

// To look again whatever the socket has said: libzmq takes the news of a peer's room in any call, and tells only the next one that
// asks for that peer.
constexpr std::chrono::milliseconds kRoomAgain{20};

// How long what is left at the end is delivered, in all and while no peer takes any.
constexpr std::chrono::milliseconds kFarewell{1000};
constexpr std::chrono::milliseconds kStall{200};

bool KeptReplies::send(KeptReply&& reply) {
  if (!isKeptFor(reply.peer()) && trySend_(reply)) return true;
  if (isFullFor(reply.peer())) return false;
  keep(std::move(reply));
  return true;
}

void KeptReplies::keep(KeptReply&& reply) {
  ++count_;
  bytes_ += reply.message.bytes();
  kept_[std::string(reply.peer())].push_back(std::move(reply));
}

bool KeptReplies::isFullFor(std::string_view peer) const {
  if (count_ < bounds_.count && bytes_ <= bounds_.bytes) return false;
  return isKeptFor(peer);
}

void KeptReplies::roomMayBe() {
  if (isEmpty()) return;
  isPut_ = Clock::now() < nextFlush_;
  if (!isPut_) flush();
}

KeptReplies::Clock::time_point KeptReplies::nextTry() const {
  if (isEmpty()) return Clock::time_point::max();
  return isPut_ ? nextFlush_ : std::max(nextFlush_, lastFlush_ + kRoomAgain);
}

void KeptReplies::flush() {
  const auto began = Clock::now();
  for (auto peer = kept_.begin(); peer != kept_.end();) {
    sendKept(peer->second);
    peer = peer->second.empty() ? kept_.erase(peer) : std::next(peer);
  }
  const auto end = Clock::now();
  nextFlush_ = end + kPauses * (end - began);
  lastFlush_ = end;
}

void KeptReplies::flushToTheEnd(Socket& socket) {
  const Deadline limit = Deadline::in(kFarewell);
  flush();
  while (!isEmpty() && !limit.passed() && socket.awaitNews(earlier(limit, Deadline::in(kStall)))) flush();
}

void KeptReplies::sendKept(Replies& replies) {
  while (!replies.empty()) {
    const std::size_t bytes = replies.front().message.bytes();
    if (!trySend_(replies.front())) return;
    replies.pop_front();
    --count_;
    bytes_ -= bytes;
  }
}

}  // namespace dividere::detail
