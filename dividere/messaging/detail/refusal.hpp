#pragma once

// What becomes of a message that cannot be taken.

#include "../../connection/response.hpp"
#include "../../core/error.hpp"
#include "framework_messages.hpp"
#include "wire.hpp"

namespace dividere::detail {

/// What a peer says is wrong, as an Error of this side.
inline Error asError(std::string_view who, const DividereError& told) {
  const bool known = told.code >= static_cast<std::uint32_t>(Errc::noWorker) &&
                     told.code <= static_cast<std::uint32_t>(Errc::stopping);
  return Error(known ? static_cast<Errc>(told.code) : Errc::handlerFailed,
               std::string(who) + ": the peer answered with an error: " + shown(told.text), asUtf8(told.text));
}

/// The enveloped DividereError that tells a peer of this error.
inline std::string errorEnvelope(const Error& error) {
  DividereError told;
  // Errors of this side's own kinds (a wrong type, say) come down to the one that a peer knows.
  const bool travels =
      error.code().category() == errorCategory() && error.code().value() <= static_cast<int>(Errc::stopping);
  told.code = static_cast<std::uint32_t>(travels ? error.code().value() : static_cast<int>(Errc::unknownType));
  told.text = asUtf8(error.text());
  return sealEnvelope(DividereError::kType, told.encode());
}

/// Nobody waits for an answer.
template <class Connection>
void refuse(Connection&, const Error&) {}

/// A Response owes one all the same, or it would be stuck and the asker would wait for ever.
inline void refuse(connection::Response& response, const Error& error) {
  response.refuse(Frame(std::string_view(errorEnvelope(error))));
}

}  // namespace dividere::detail
