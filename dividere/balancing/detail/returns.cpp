#include "returns.hpp"

#include <optional>
#include <utility>

namespace dividere::detail {

constexpr const char* kNoSignal = "neither a reply nor a sign of life came from a worker";

void Returns::take(Multipart& message) {
  if (message.size() < 2) return junk_.drop(kNoSignal);
  if (message.size() > 2) return takeReply(message);
  const Signal signal = readSignal(message.payload().view());
  if (signal.kind == Signal::Kind::none) return junk_.drop(kNoSignal);
  takeSignal(message.frames().front(), signal);
}

void Returns::takeSignal(Frame& id, const Signal& signal) {
  BrokerWorker* worker = roster_.find(id.view());
  if (signal.isGoodbye) {
    if (worker) care_.dismiss(*worker);
    return;
  }
  if (worker && isAnew(*worker, id, signal)) startAnew(*worker);
  if (!worker) worker = &roster_.add(id.view(), signal.dialect);
  roster_.heardBy(*worker, id);
  noteSign(*worker, signal);
}

// A byte worker may register after each reply, for the sake of the Python broker: by the same connection that is but a
// sign of life. By another one, whatever was sent by the former is gone.
bool Returns::isAnew(const BrokerWorker& worker, const Frame& id, const Signal& signal) {
  return signal.isRegistration || worker.connection.isOther(id);
}

void Returns::startAnew(BrokerWorker& worker) {
  care_.takeBackAll(worker);
  worker.isGone = false;
  worker.asksUnanswered = 0;
}

void Returns::noteSign(BrokerWorker& worker, const Signal& signal) {
  worker.heard = Deadline::Clock::now();
  // An old byte worker only answers; one that speaks up unasked does so while it works, too.
  const bool isUnasked = signal.kind == Signal::Kind::heartbeat && worker.asksUnanswered == 0;
  if (signal.capacity > 0 || (signal.dialect == Dialect::bytes && isUnasked)) worker.beatsWhileBusy = true;
  if (worker.asksUnanswered > 0) --worker.asksUnanswered;
  if (signal.capacity > 0) worker.capacity = signal.capacity;
  roster_.relist(worker);
}

void Returns::takeReply(Multipart& message) {
  Frame& id = message.frames().front();
  const std::string token = message.frames()[1].str();
  BrokerWorker* worker = roster_.find(id.view());
  if (!AttemptToken::isOurs(token)) {
    if (worker) worker->heard = Deadline::Clock::now();
    return junk_.drop("what came from a worker answers no request");
  }
  if (!worker) {
    const bool isTyped = looksLikeEnvelope(message.payload().view());
    worker = &roster_.add(id.view(), isTyped ? Dialect::typed : Dialect::bytes);
    roster_.heardBy(*worker, id);
  }
  worker->heard = Deadline::Clock::now();
  finish(*worker, token, message.takePayload());
}

void Returns::finish(BrokerWorker& worker, const std::string& token, Frame&& payload) {
  std::optional<BrokerRequest> request = book_.finish(token, worker);
  if (!request || request->isAnswered) return tally_.countLate();
  outcomes_.reply(std::move(*request), std::move(payload));
}

}  // namespace dividere::detail
