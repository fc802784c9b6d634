#include "call_wire.hpp"

#include <string>

#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/options.hpp"
#include "../../messaging/detail/codec.hpp"

namespace dividere::detail {

CallFields requestFields(const char* className, const CallTerms& terms, const CallOptions* options) {
  CallFields fields;
  fields.timeoutMs = timeLeft(terms.deadline);
  fields.notRepeatable = !terms.isRepeatable;
  fields.partsOnce = terms.partsOnce;
  fields.takesParts = terms.takesParts;
  if (options) {
    requireOption(options->method.size() <= kLongestMethod, className, "a method's name must be at most 255 bytes");
    fields.method = options->method;
    fields.priority = options->priority;
  }
  return fields;
}

Frame cancelFrame() { return Frame(std::string_view(sealEnvelope(CancelCall::kType, CancelCall().encode()))); }

Frame creditFrame(std::uint32_t parts) {
  Credit credit;
  credit.parts = parts;
  return Frame(std::string_view(sealEnvelope(Credit::kType, credit.encode())));
}

std::uint32_t partNumber(std::string_view envelope) {
  CallFields fields;
  return readCallFields(envelope, fields) && fields.more ? fields.part : 0;
}

std::optional<Features> readFeatures(std::string_view envelope) {
  static NeverDestroyed<std::string> prefix(envelopePrefix(Features::kType));
  if (envelope.substr(0, prefix->size()) != *prefix) return std::nullopt;
  try {
    std::optional<Features> told(std::in_place);
    if (told->decode(openEnvelope({}, envelope).payload)) return told;
  } catch (const Error&) {  // it begins as one, and is none
  }
  return std::nullopt;
}

}  // namespace dividere::detail
