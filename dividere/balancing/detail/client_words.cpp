#include "client_words.hpp"

#include "../../core/detail/never_destroyed.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

ClientWord readClientWord(std::string_view bytes) {
  static NeverDestroyed<std::string> cancel(envelopePrefix(CancelCall::kType)), credit(envelopePrefix(Credit::kType));
  const auto begins = [&](const std::string& prefix) { return bytes.substr(0, prefix.size()) == prefix; };
  if (bytes.size() > kLongestSignal || (!begins(*cancel) && !begins(*credit))) return {};
  try {
    const Envelope envelope = openEnvelope("balancing", bytes);
    if (envelope.type == CancelCall::kType) return {ClientWord::Kind::cancel};
    Credit told;
    if (envelope.type == Credit::kType && told.decode(envelope.payload)) return {ClientWord::Kind::credit, told.parts};
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
  if (!request || !request->isCaller(message.payload())) return true;
  if (said.kind == ClientWord::Kind::cancel) {
    cancel(*request);
  } else {
    streams_.addCredit(*request, said.parts);
  }
  return true;
}

// Its worker is at it until it says that it is done.
void ClientWords::cancel(BrokerRequest& request) {
  if (request.worker) return streams_.abandon(request);
  book_.forgetWaiting(request);
  tally_.countCancelled();
}

}  // namespace dividere::detail
