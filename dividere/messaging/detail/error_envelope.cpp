#include "error_envelope.hpp"

#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/text.hpp"

namespace dividere::detail {

// The codes that mean the same on both sides.
constexpr int kFirstThatTravels = static_cast<int>(Errc::noWorker);
constexpr int kLastThatTravels = static_cast<int>(Errc::cancelled);

std::string errorEnvelope(const Error& error) {
  DividereError told;
  // Errors of this side's own kinds (a wrong type, say) come down to the one that a peer knows.
  const bool travels = error.code().category() == errorCategory() && error.code().value() <= kLastThatTravels;
  told.code = static_cast<std::uint32_t>(travels ? error.code().value() : static_cast<int>(Errc::unknownType));
  told.text = asUtf8(error.text());
  told.failure = error.failure();
  return sealEnvelope(DividereError::kType, told.encode());
}

Error asError(std::string_view who, const DividereError& told) {
  const bool isKnown = told.code >= kFirstThatTravels && told.code <= kLastThatTravels;
  return Error(isKnown ? static_cast<Errc>(told.code) : Errc::handlerFailed,
               std::string(who) + ": the peer answered with an error: " + shown(told.text), asUtf8(told.text),
               told.failure);
}

bool isErrorEnvelope(std::string_view bytes) {
  static NeverDestroyed<std::string> prefix(envelopePrefix(DividereError::kType));
  return bytes.substr(0, prefix->size()) == *prefix;
}

std::optional<DividereError> readError(const Envelope& envelope) {
  std::optional<DividereError> told(std::in_place);
  if (envelope.type == DividereError::kType && told->decode(envelope.payload)) return told;
  return std::nullopt;
}

std::optional<DividereError> readErrorEnvelope(std::string_view bytes) {
  if (!isErrorEnvelope(bytes)) return std::nullopt;
  try {
    return readError(openEnvelope({}, bytes));
  } catch (const Error&) {
    return std::nullopt;  // it begins as one, and is none
  }
}

void throwIfError(std::string_view who, const Envelope& envelope) {
  if (const auto told = readError(envelope)) throw asError(who, *told);
}

void throwIfErrorEnvelope(std::string_view who, std::string_view bytes) {
  if (isErrorEnvelope(bytes)) throwIfError(who, openEnvelope(who, bytes));
}

}  // namespace dividere::detail
