#include "admission.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "../../messaging/detail/call_fields.hpp"
#include "timeout_field.hpp"

namespace dividere::detail {

/// A higher one counts as this: there are not more queues than these.
constexpr std::uint32_t kHighestPriority = 255;

void Admission::take(Multipart& message, BrokerTally& tally) {
  if (const char* fault = faultOf(message)) return junk_.drop(fault);
  if (message.size() == 2 && misplaced_.isOne(message.payload().view())) return tally.countJunk();
  BrokerRequest request = read(message);
  if (request.asksFeatures) outcomes_.tellFeatures(request);
  if (isRetry(request)) return;
  tally.countRead();
  if (refuse(request)) return tally.countRefused();
  if (request.timeoutMs > 0) limits_.expect(request.expires, request.since);
  book_.add(std::move(request));
}

/// Null if it is a request.
const char* Admission::faultOf(const Multipart& message) const {
  if (message.size() < 2) return "a client sent no payload";
  // Its reply comes back with the name of a worker in front.
  if (message.size() >= Socket::kMostFrames) return "a client sent a message of too many frames";
  return nullptr;
}

BrokerRequest Admission::read(Multipart& message) const {
  BrokerRequest request;
  request.size = message.bytes();
  request.payload = message.takePayload();
  if (isKeyed_) request.caller = std::make_shared<const Peer>(request.payload.peer());
  request.route.swap(message.frames());
  if (request.route.size() > 1 && isCorrelationId(request.route[1].view())) {
    request.correlation = request.route[1].str();
  }
  request.dialect = looksLikeEnvelope(request.payload.view()) ? Dialect::typed : Dialect::bytes;
  request.since = Deadline::Clock::now();
  if (request.dialect == Dialect::typed) readTerms(request);
  return request;
}

/// What the envelope says of the call.
void Admission::readTerms(BrokerRequest& request) {
  CallFields fields;
  readCallFields(request.payload.view(), fields);
  request.asksFeatures = fields.asksFeatures;
  request.priority = std::min(fields.priority, kHighestPriority);
  request.isRepeatable = !fields.notRepeatable;
  request.partsOnce = fields.partsOnce;
  request.takesParts = fields.takesParts;
  if (fields.timeoutMs == 0) return;
  request.timeoutMs = fields.timeoutMs;
  request.expires = request.since + std::chrono::milliseconds(fields.timeoutMs);
}

/// Whether it is at work already; the reply then goes the way this one came, as the client may have connected anew.
bool Admission::isRetry(BrokerRequest& request) {
  if (request.correlation.empty()) return false;
  BrokerRequest* const known = book_.findRetried(request.correlation);
  if (!known) return false;
  if (known->isCaller(request.payload) && isSameRequest(known->payload.view(), request.payload.view())) {
    if (hasLostParts(*known, request)) {
      streams_.abandon(*known);
      return false;  // begins anew
    }
    known->route.swap(request.route);
    known->expires = request.expires;  // what is left by now
    known->timeoutMs = request.timeoutMs;
    known->payload = std::move(request.payload);
    if (known->timeoutMs > 0) limits_.expect(known->expires, request.since);
    return true;
  }
  request.correlation.clear();  // no correlation id after all: part of a route that happens to be as long, or another's
  return false;
}

/// Parts went to a connection that the client has no more, and not all of them may have reached it.
bool Admission::hasLostParts(const BrokerRequest& known, const BrokerRequest& retry) {
  return known.hasParts && known.mayBeRepeated() && known.client() != retry.client();
}

/// Whether it has its outcome at once.
bool Admission::refuse(BrokerRequest& request) {
  const auto refused = [&](Errc code, const char* text) {
    outcomes_.fail(std::move(request), code, text);
    return true;
  };
  if (!isOpen_) return refused(Errc::stopping, kStopping);
  if (mustWaitInVain(request)) return refused(Errc::overloaded, "too many requests are waiting");
  if (outbox_.isFullFor(request.client())) {
    return refused(Errc::overloaded, "the replies to earlier requests have not been taken");
  }
  return false;
}

/// No worker has room for it, and no other may wait.
bool Admission::mustWaitInVain(const BrokerRequest& request) const {
  if (book_.workerFor(request)) return false;
  return book_.waitingCount() >= options_.maxWaiting || book_.waitingBytes() + request.size > options_.maxWaitingBytes;
}

}  // namespace dividere::detail
