#include "worker_care.hpp"

#include <algorithm>

#include "../../core/detail/log_line.hpp"
#include "broker_options.hpp"

namespace dividere::detail {

WorkerCare::WorkerCare(const balancing::BrokerOptions& options, FrameSource& back, WorkerRoster& roster,
                       RequestBook& book, Outcomes& outcomes, std::uint32_t features)
    : options_(options),
      silenceLimit_(silenceLimitOf(options)),
      lostLimit_(tickOf(options)),
      back_(back),
      roster_(roster),
      book_(book),
      outcomes_(outcomes),
      features_(features) {}

void WorkerCare::ask(BrokerWorker& worker) {
  Signal signal{Signal::Kind::heartbeat, worker.dialect};
  signal.capacity = 1;  // says that this broker knows what this library adds
  if (worker.features > 0) signal.features = features_;
  Multipart message;
  message.push(std::string_view(worker.id));
  message.push(std::string_view(writeSignal(signal, "dividere broker")));
  worker.asked = Clock::now();
  ++worker.asksUnanswered;
  if (back_.trySend(message) == SendResult::gone) lose(worker);
}

void WorkerCare::lose(BrokerWorker& worker) {
  if (worker.isGone) return;
  worker.isGone = true;
  worker.lost = Clock::now();
  roster_.relist(worker);
  lost_.push_back(worker.id);
}

void WorkerCare::buryLost() {
  std::vector<std::string> ids;
  ids.swap(lost_);
  for (const std::string& id : ids) {
    BrokerWorker* const worker = roster_.find(id);
    if (worker && worker->isGone) bury(*worker, "gone");
  }
}

void WorkerCare::bury(BrokerWorker& worker, const char* why) {
  const char* const rest = worker.isBusy() ? "; its request goes to another" : "; it was idle";
  log(LogLevel::info, "balancing::Broker", std::string("a worker is ") + why + rest);
  takeBackAll(worker);
  roster_.remove(worker);
}

void WorkerCare::dismiss(BrokerWorker& worker) {
  endUnrepeatable(worker, true);
  book_.takeBackAll(worker, Clock::now());
  roster_.remove(worker);
}

void WorkerCare::takeBackAll(BrokerWorker& worker) {
  blame(worker);
  endUnrepeatable(worker, false);
  book_.takeBackAll(worker, Clock::now());
}

// It died, if it did, of the first one: the others it had not begun.
void WorkerCare::blame(BrokerWorker& worker) {
  if (!worker.isBusy()) return;
  BrokerRequest& atHand = worker.requests.front();
  if (atHand.isAnswered || ++atHand.deaths < options_.maxAttempts) return;
  const std::string text = std::to_string(atHand.deaths) + " workers died with the request";
  outcomes_.fail(*book_.finish(atHand.token, worker), Errc::gaveUp, text);
}

// It may have done them, or a part of them.
void WorkerCare::endUnrepeatable(BrokerWorker& worker, bool onlyWithParts) {
  std::vector<std::string> tokens;
  for (const BrokerRequest& request : worker.requests) {
    if (request.mayBeRepeated() || request.isAnswered || (onlyWithParts && !request.hasParts)) continue;
    tokens.push_back(request.token);
  }
  for (const std::string& token : tokens) {
    outcomes_.fail(*book_.finish(token, worker), Errc::gaveUp,
                   onlyWithParts ? "its worker has left in the middle of the request, which is not repeatable"
                                 : "its worker died with the request, which is not repeatable");
  }
}

// Sending to them is how to learn whether they are there: the descriptor may be that of another connection by now.
void WorkerCare::probe(const std::vector<int>& descriptors) {
  back_.socket().refresh();
  for (const int descriptor : descriptors) {
    for (const std::string& id : roster_.heardBy(descriptor)) {
      BrokerWorker& worker = *roster_.find(id);
      if (!worker.isGone) ask(worker);
    }
  }
}

void WorkerCare::lookForSilence(Clock::time_point now) {
  for (const std::string& id : roster_.ids()) judge(*roster_.find(id), now);
}

void WorkerCare::judge(BrokerWorker& worker, Clock::time_point now) {
  // Others may send so much that the end of what has come is never seen; its own share has been read by now.
  if (worker.isGone && now - worker.lost > lostLimit_) return bury(worker, "gone");
  const auto silence = now - worker.heard;
  if (silence > limitFor(worker)) return bury(worker, "silent");
  const bool isDue = silence >= options_.heartbeat && now - worker.asked >= options_.heartbeat;
  if (isDue && !worker.cannotSpeak()) ask(worker);
}

WorkerCare::Clock::duration WorkerCare::limitFor(const BrokerWorker& worker) const {
  return worker.cannotSpeak() ? std::max(options_.silentHandlerLimit, silenceLimit_) : silenceLimit_;
}

}  // namespace dividere::detail
