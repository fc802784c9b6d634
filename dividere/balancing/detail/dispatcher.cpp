#include "dispatcher.hpp"

#include <utility>

#include "timeout_field.hpp"

namespace dividere::detail {

void Dispatcher::dispatch() {
  dispatch(Dialect::typed);
  dispatch(Dialect::bytes);
}

void Dispatcher::dispatch(Dialect dialect) {
  while (book_.hasWaiting(dialect)) {
    const auto now = Deadline::Clock::now();
    BrokerRequest& first = book_.firstWaiting(dialect);
    if (first.hasExpired(now)) {
      outcomes_.expire(book_.takeFirst(dialect));
      continue;
    }
    BrokerWorker* const worker = book_.workerFor(first);
    if (!worker) return;
    takeWaitOff(first, now);
    giveFirst(dialect, *worker);
  }
}

// Each way on changes whose turn it is, so that the next try is another one.
void Dispatcher::giveFirst(Dialect dialect, BrokerWorker& worker) {
  std::string token = tokens_.next();
  Multipart message = messageOf(book_.firstWaiting(dialect), worker, token);
  switch (back_.trySend(message)) {
    case SendResult::sent:
      worker.asksBefore = worker.asksUnanswered;
      worker.freeSigns = 0;
      return book_.giveFirst(dialect, worker, std::move(token), Deadline::Clock::now());
    case SendResult::gone: return care_.lose(worker);
    case SendResult::full: break;
  }
  if (!worker.isBusy()) return care_.bury(worker, "not taking anything");
  worker.capacity = worker.requests.size();  // until it speaks of more again
  roster_.relist(worker);
}

// The bytes of an earlier attempt may still be on their way to its worker.
void Dispatcher::takeWaitOff(BrokerRequest& request, Deadline::Clock::time_point now) {
  if (request.expires == Deadline::Clock::time_point::max()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(request.expires - now).count();
  if (left == request.timeoutMs) return;
  if (request.attempts > 0) request.payload = Frame(request.payload.view());
  request.timeoutMs = static_cast<std::uint32_t>(left);
  rewriteTimeout(request.payload, findTimeout(request.payload.view()), request.timeoutMs);
}

// The route as it is but for the client's id, in whose place stands the name of this attempt. Its frames are shared: the
// originals stay for the next worker, should this one die.
Multipart Dispatcher::messageOf(BrokerRequest& request, const BrokerWorker& worker, const std::string& token) {
  Multipart message;
  message.reserve(request.route.size() + 2);
  message.push(std::string_view(worker.id));
  const bool tellsCaller = request.caller && (worker.features & kCallerFeature) != 0;
  message.push(std::string_view(tellsCaller ? token + writeCaller(*request.caller) : token));
  for (std::size_t i = 1; i < request.route.size(); ++i) message.push(request.route[i].share());
  message.push(request.payload.share());
  return message;
}

}  // namespace dividere::detail
