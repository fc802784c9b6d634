#include "client_words.hpp"

#include "../../core/detail/never_destroyed.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

ClientWord readClientWord(std::string_view bytes) {
  static NeverDestroyed<std::string> cancel(envelopePrefix(CancelCall::kType));
  if (bytes.size() > kLongestSignal || bytes.substr(0, cancel->size()) != *cancel) return {};
  try {
    if (openEnvelope("balancing", bytes).type == CancelCall::kType) return {ClientWord::Kind::cancel};
  } catch (const Error&) {
    // Not an envelope: no word.
  }
  return {};
}

bool ClientWords::take(Multipart& message) {
  constexpr std::size_t client = 1, correlation = 1, word = 1;
  if (message.size() != client + correlation + word || !isCorrelationId(message.frames()[1].view())) return false;
  const ClientWord said = readClientWord(message.payload().view());
  if (said.kind == ClientWord::Kind::none) return false;
  BrokerRequest* const request = book_.findRetried(message.frames()[1].str());
  if (request && request->isCaller(message.payload())) cancel(*request, message);
  return true;
}

// Its worker is at it until it says that it is done.
void ClientWords::cancel(BrokerRequest& request, Multipart& message) {
  if (!request.worker) {
    book_.forgetWaiting(request);
  } else {
    if ((request.worker->features & kCancelFeature) != 0) passOn(request, message);
    book_.takeAnswerable(request);
  }
  tally_.countCancelled();
}

void ClientWords::passOn(const BrokerRequest& request, Multipart& message) {
  Multipart passed;
  passed.push(std::string_view(request.worker->id));
  passed.push(std::string_view(request.token));
  passed.push(std::move(message.frames()[1]));
  passed.push(message.takePayload());
  back_.trySend(passed);  // if there is no room, it is left to its handler
}

}  // namespace dividere::detail
