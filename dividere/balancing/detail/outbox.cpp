#include "outbox.hpp"

#include <utility>

namespace dividere::detail {

Outbox::Outbox(FrameSource& front, ReactorLoop& loop, BrokerTally& tally, const balancing::BrokerOptions& options)
    : front_(front),
      tally_(tally),
      kept_({options.maxWaiting, options.maxWaitingBytes}, [this](KeptReply& reply) { return trySend(reply); }),
      alarm_(loop, [this] { front_.lookAgain(); }),
      windows_(options.maxWaitingBytes, [this, &loop] { loop.post([this] { front_.lookAgain(); }); }) {}

void Outbox::send(Multipart&& reply, bool isError) {
  if (kept_.send({std::move(reply), isError ? KeptReply::Kind::error : KeptReply::Kind::reply})) return;
  drops_.log(LogLevel::warning, "balancing::Broker", "a reply was dropped: its client takes none");
  tally_.countOutcome(isError);
}

SendResult Outbox::sendPart(Multipart&& part) {
  KeptReply reply{std::move(part), KeptReply::Kind::part};
  if (!kept_.isKeptFor(reply.peer())) {
    const SendResult result = windows_.trySend(front_, reply.message);
    if (result != SendResult::full) return result;
  }
  if (isFullFor(reply.peer())) return SendResult::full;
  kept_.keep(std::move(reply));
  return SendResult::sent;
}

bool Outbox::trySend(KeptReply& reply) {
  const auto send = [&] { return windows_.trySend(front_, reply.message) != SendResult::full; };
  if (reply.kind == KeptReply::Kind::part) return send();
  return tally_.countOutcome(reply.kind == KeptReply::Kind::error, send);
}

void Outbox::roomMayBe() {
  kept_.roomMayBe();
  alarm_.set(kept_.nextTry());
}

// Nobody is left to be told of room in a window: what is kept is handed on as it is.
void Outbox::flushToTheEnd() {
  windows_.open();
  kept_.flushToTheEnd(front_.socket());
}

}  // namespace dividere::detail
