#include "returns.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace dividere::detail {

constexpr const char* kNoSignal =
    "what came to the back port is neither a worker's reply nor its sign of life; is a client connected to it?";

/// Requests that a worker is given at a time, however many it asks for.
constexpr std::uint32_t kMostCapacity = 1000;

void Returns::take(Multipart& message) {
  if (message.size() < 2) return junk_.drop(kNoSignal);
  if (message.size() > 2) return takeReply(message);
  const Signal signal = readSignal(message.payload().view());
  if (signal.kind != Signal::Kind::none) return takeSignal(message, signal);
  if (!takeOffer(message)) junk_.drop(kNoSignal);
}

/// Whether it is what a worker says of itself.
bool Returns::takeOffer(const Multipart& message) {
  BrokerWorker* const worker = roster_.find(message.frames().front().view());
  if (!worker) return false;
  worker->offer = offers_.keep(message.frames().back().view());
  return worker->offer != nullptr;
}

// The frame behind the id tells the connection: that of the id itself does not always know it.
void Returns::takeSignal(Multipart& message, const Signal& signal) {
  const std::string_view id = message.frames().front().view();
  BrokerWorker* worker = roster_.find(id);
  if (signal.isGoodbye) {
    if (worker) care_.dismiss(*worker);
    return;
  }
  if (worker && isAnew(*worker, message.payload(), signal)) startAnew(*worker);
  if (!worker) worker = &roster_.add(id, signal.dialect);
  roster_.heardBy(*worker, message.payload());
  noteSign(*worker, signal);
  if (signal.isRegistration && signal.features > 0) care_.ask(*worker);  // it learns what this broker understands
}

// A byte worker may register after each reply, for the sake of the Python broker: by the same connection that is but a
// sign of life. By another one, whatever was sent by the former is gone.
bool Returns::isAnew(const BrokerWorker& worker, const Frame& frame, const Signal& signal) {
  return signal.isRegistration || worker.connection.isOther(frame);
}

void Returns::startAnew(BrokerWorker& worker) {
  care_.takeBackAll(worker);
  worker.isGone = false;
  worker.asksUnanswered = worker.asksBefore = 0;
}

void Returns::noteSign(BrokerWorker& worker, const Signal& signal) {
  worker.heard = Deadline::Clock::now();
  // An old byte worker only replies; one that speaks up unasked does so while it works, too.
  const bool isUnasked = signal.kind == Signal::Kind::heartbeat && worker.asksUnanswered == 0;
  if (signal.capacity > 0 || (signal.dialect == Dialect::bytes && isUnasked)) worker.beatsWhileBusy = true;
  if (worker.asksUnanswered > 0) --worker.asksUnanswered;
  if (signal.capacity > 0) {
    worker.capacity = std::min(signal.capacity, kMostCapacity);
    worker.features = signal.features;
  }
  if (worker.asksBefore > 0) {
    --worker.asksBefore;
  } else if (worker.cannotSpeak() && signal.dialect == Dialect::typed) {
    noteFreeSign(worker);
  }
  roster_.relist(worker);
}

// A worker that cannot speak while its handler runs has spoken: its handler is done, and what it has not replied to by now
// it never will. But the first sign may have crossed the request on its way: so it is asked.
void Returns::noteFreeSign(BrokerWorker& worker) {
  if (++worker.freeSigns == 1) return care_.ask(worker);
  while (worker.isBusy()) {
    std::optional<BrokerRequest> request = book_.finish(worker.requests.front().token, worker);
    if (!request->isAnswered) outcomes_.fail(std::move(*request), Errc::handlerFailed, "the worker sent no reply");
  }
}

void Returns::takeReply(Multipart& message) {
  const std::string_view id = message.frames().front().view();
  Frame& tokenFrame = message.frames()[1];
  const std::string token = tokenFrame.str();
  BrokerWorker* worker = roster_.find(id);
  if (!AttemptToken::isOurs(token)) {
    if (!worker) return junk_.drop(kNoSignal);
    worker->heard = Deadline::Clock::now();
    return junk_.drop("what came from a worker answers no request");
  }
  if (!worker) {
    const bool isTyped = looksLikeEnvelope(message.payload().view());
    worker = &roster_.add(id, isTyped ? Dialect::typed : Dialect::bytes);
    roster_.heardBy(*worker, tokenFrame);
  }
  worker->heard = Deadline::Clock::now();
  if (worker->connection.isOther(tokenFrame) && isStream(*worker, token)) startAnew(*worker);
  if (!takePart(*worker, token, message)) finish(*worker, token, message.takePayload());
  if (!worker->connection.isOther(tokenFrame)) return;
  startAnew(*worker);  // what else it had was lost with its former connection
  roster_.heardBy(*worker, tokenFrame);
  roster_.relist(*worker);
}

/// Parts that came before it by the former connection may be lost.
bool Returns::isStream(const BrokerWorker& worker, const std::string& token) {
  if (worker.streams == 0) return false;
  const BrokerRequest* const request = book_.find(token, worker);
  return request && request->takesParts;
}

/// Whether it is a part, and dealt with.
bool Returns::takePart(BrokerWorker& worker, const std::string& token, Multipart& message) {
  if (worker.streams == 0) return false;
  BrokerRequest* const request = book_.find(token, worker);
  if (!request || !request->takesParts || !Streams::isPart(message.payload().view())) return false;
  if (!request->isAnswered) streams_.pass(*request, message.takePayload());
  return true;
}

void Returns::finish(BrokerWorker& worker, const std::string& token, Frame&& payload) {
  std::optional<BrokerRequest> request = book_.finish(token, worker);
  if (!request || request->isAnswered) return tally_.countLate();
  outcomes_.reply(std::move(*request), std::move(payload));
}

}  // namespace dividere::detail
