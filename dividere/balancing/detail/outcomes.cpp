#include "outcomes.hpp"

#include <utility>

#include "../../core/detail/never_destroyed.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

bool Outcomes::takesErrors(const BrokerRequest& request) {
  return request.dialect == Dialect::typed || !request.correlation.empty();
}

void Outcomes::reply(BrokerRequest&& request, Frame&& payload) {
  const bool isError = isErrorEnvelope(payload.view());
  send(request, std::move(payload), isError);
}

void Outcomes::fail(BrokerRequest&& request, Errc code, const std::string& text) {
  send(request, Frame(std::string_view(errorEnvelope(Error(code, text)))), true);
}

void Outcomes::expire(BrokerRequest&& request) {
  tally_.countExpired();
  fail(std::move(request), Errc::deadlinePassed, "the caller's time passed while the request waited for a worker");
}

SendResult Outcomes::tellFeatures(BrokerRequest& request) {
  static NeverDestroyed<std::string> features(sealEnvelope(Features::kType, Features{kFrontFeatures}.encode()));
  Multipart message;
  for (Frame& frame : request.route) message.push(frame.share());
  message.push(std::string_view(*features));
  return outbox_.tell(std::move(message));
}

void Outcomes::send(BrokerRequest& request, Frame&& payload, bool isError) {
  if (isError && !takesErrors(request)) return tally_.countOutcome(true);
  Multipart reply(std::move(request.route));
  reply.push(std::move(payload));
  outbox_.send(std::move(reply), isError);
}

}  // namespace dividere::detail
