#include "streams.hpp"

#include <algorithm>
#include <utility>

#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

// Parts that a worker may send ahead of their reader.
constexpr std::uint32_t kMostAhead = 1000;
// Credit that counts.
constexpr std::uint32_t kMostOwed = 1'000'000;

bool Streams::isPart(std::string_view payload) {
  CallFields fields;
  return readCallFields(payload, fields) && fields.part > 0 && fields.more;
}

void Streams::pass(BrokerRequest& request, Frame&& part) {
  if (request.credit == 0) return end(request, Errc::handlerFailed, "its worker sent more parts than it may");
  --request.credit;
  if (request.owedCredit > 0 && request.credit <= kMostAhead / 2) tellCredit(request);
  Multipart message;
  message.reserve(request.route.size() + 1);
  for (Frame& frame : request.route) message.push(frame.share());
  message.push(std::move(part));
  switch (outbox_.sendPart(std::move(message))) {
    case SendResult::sent: request.hasParts = true; return;
    case SendResult::gone: return abandon(request);
    case SendResult::full: return end(request, Errc::overloaded, "the parts have not been taken");
  }
}

void Streams::end(BrokerRequest& request, Errc code, const char* text) {
  cancelAtWorker(request);
  outcomes_.fail(book_.takeAnswerable(request), code, text);
}

// Its worker is at it until it says that it is done.
void Streams::abandon(BrokerRequest& request) {
  cancelAtWorker(request);
  book_.takeAnswerable(request);
  tally_.countCancelled();
}

void Streams::addCredit(BrokerRequest& request, std::uint32_t parts) {
  if (!request.worker || !request.takesParts) return;
  const std::uint64_t sum = std::uint64_t{request.owedCredit} + parts;
  request.owedCredit = static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, kMostOwed));
  tellCredit(request);
}

void Streams::tellCredit(BrokerRequest& request) {
  if ((request.worker->features & kPartsFeature) == 0) return;
  Credit credit;
  credit.parts = std::min(request.owedCredit, kMostAhead - std::min(request.credit, kMostAhead));
  if (credit.parts == 0) return;
  if (!trySay(request, sealEnvelope(Credit::kType, credit.encode()))) return owe(request);
  request.owedCredit -= credit.parts;
  request.credit += credit.parts;
}

void Streams::cancelAtWorker(BrokerRequest& request) {
  if ((request.worker->features & kCancelFeature) == 0) return;
  if (trySay(request, sealEnvelope(CancelCall::kType, CancelCall().encode()))) return;
  request.owesCancel = true;
  owe(request);
}

void Streams::owe(BrokerRequest& request) {
  if (std::exchange(request.isOwed, true)) return;
  owed_.push_back(request.token);
}

void Streams::tellOwed() {
  for (const std::string& token : std::exchange(owed_, {})) {
    BrokerRequest* const request = book_.findAttempt(token);
    if (!request) continue;
    request->isOwed = false;
    if (std::exchange(request->owesCancel, false)) {
      cancelAtWorker(*request);
    } else if (!request->isAnswered) {
      tellCredit(*request);
    }
  }
}

void Streams::lookForDeserted(Deadline::Clock::time_point now) {
  if (now - lastLook_ < options_.heartbeat) return;
  lastLook_ = now;
  for (auto& [id, worker] : roster_.all()) {
    if (worker.streams == 0) continue;
    for (BrokerRequest& request : worker.requests) {
      if (isDeserted(request)) abandon(request);
    }
  }
}

// To send it something is how to learn whether a client is there.
bool Streams::isDeserted(BrokerRequest& request) {
  const bool isStalled = request.takesParts && request.hasParts && request.credit == 0 && !request.isAnswered;
  return isStalled && outcomes_.tellFeatures(request) == SendResult::gone;
}

/// False if there is no room for it.
bool Streams::trySay(const BrokerRequest& request, const std::string& word) {
  Multipart message;
  message.push(std::string_view(request.worker->id));
  message.push(std::string_view(request.token));
  message.push(std::string_view(request.correlation));
  message.push(std::string_view(word));
  return back_.trySend(message) != SendResult::full;
}

}  // namespace dividere::detail
