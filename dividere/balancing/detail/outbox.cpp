#include "outbox.hpp"

#include <iterator>
#include <utility>

namespace dividere::detail {

// To try clients in vain is followed by a pause so many times as long.
constexpr int kPauses = 4;

// How long what is left at the end is delivered, in all and while no client takes any.
constexpr std::chrono::milliseconds kFarewell{1000};
constexpr std::chrono::milliseconds kStall{200};

Outbox::Outbox(FrameSource& front, ReactorLoop& loop, BrokerTally& tally, const balancing::BrokerOptions& options)
    : front_(front),
      tally_(tally),
      maxCount_(options.maxWaiting),
      maxBytes_(options.maxWaitingBytes),
      alarm_(loop, [this] { front_.lookAgain(); }),
      windows_(options.maxWaitingBytes, [this, &loop] { loop.post([this] { front_.lookAgain(); }); }) {}

void Outbox::send(Multipart&& message, bool isError) {
  Reply reply{std::move(message), isError};
  const bool takesNone = kept_.find(reply.client()) != kept_.end();
  if (!takesNone && trySend(reply)) return;
  if (!isFullFor(reply.client())) return keep(std::move(reply));
  drops_.log(LogLevel::warning, "balancing::Broker", "a reply was dropped: its client takes none");
  tally_.countOutcome(isError);
}

bool Outbox::isFullFor(std::string_view client) const {
  if (count_ < maxCount_ && bytes_ <= maxBytes_) return false;
  return kept_.find(client) != kept_.end();
}

SendResult Outbox::sendPart(Multipart&& part) {
  Reply reply{std::move(part), false, true};
  if (kept_.find(reply.client()) == kept_.end()) {
    const SendResult result = windows_.trySend(front_, reply.message);
    if (result != SendResult::full) return result;
  }
  if (isFullFor(reply.client())) return SendResult::full;
  keep(std::move(reply));
  return SendResult::sent;
}

bool Outbox::trySend(Reply& reply) {
  if (reply.isPart) return windows_.trySend(front_, reply.message) != SendResult::full;
  return tally_.countOutcome(reply.isError,
                             [&] { return windows_.trySend(front_, reply.message) != SendResult::full; });
}

void Outbox::keep(Reply&& reply) {
  ++count_;
  bytes_ += reply.message.bytes();
  kept_[std::string(reply.client())].push_back(std::move(reply));
}

void Outbox::roomMayBe() {
  if (kept_.empty()) return;
  if (Clock::now() < nextFlush_) return alarm_.set(nextFlush_);
  flush();
}

void Outbox::flush() {
  const auto began = Clock::now();
  for (auto queue = kept_.begin(); queue != kept_.end();) {
    sendKept(queue->second);
    queue = queue->second.empty() ? kept_.erase(queue) : std::next(queue);
  }
  const auto end = Clock::now();
  nextFlush_ = end + kPauses * (end - began);
}

// Nobody is left to be told of room in a window: what is kept is handed on as it is.
void Outbox::flushToTheEnd() {
  windows_.open();
  const Deadline limit = Deadline::in(kFarewell);
  flush();
  while (!isEmpty() && front_.socket().awaitNews(earlier(limit, Deadline::in(kStall)))) flush();
}

void Outbox::sendKept(Replies& replies) {
  while (!replies.empty()) {
    const std::size_t bytes = replies.front().message.bytes();
    if (!trySend(replies.front())) return;
    replies.pop_front();
    --count_;
    bytes_ -= bytes;
  }
}

}  // namespace dividere::detail
