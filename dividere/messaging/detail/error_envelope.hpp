#pragma once

// Errors that travel: the DividereError that a peer sends where no reply can be (doc/wire.md).

#include <optional>
#include <string>
#include <string_view>

#include "../../core/error.hpp"
#include "envelope_format.hpp"
#include "framework_messages.hpp"

namespace dividere::detail {

/// The enveloped DividereError that tells a peer of this error.
std::string errorEnvelope(const Error& error);

/// What a peer says is wrong, as an Error of this side.
Error asError(std::string_view who, const DividereError& told);

/// Whether the bytes begin as an enveloped DividereError does.
bool isErrorEnvelope(std::string_view bytes);

/// What a peer says is wrong; nothing if these bytes, or this envelope, say no such thing.
std::optional<DividereError> readErrorEnvelope(std::string_view bytes);
std::optional<DividereError> readError(const Envelope& envelope);

/// Throws what a peer says is wrong, if that is what these bytes say. Throws Error{malformed} if they begin so and are no
/// envelope.
void throwIfErrorEnvelope(std::string_view who, std::string_view bytes);
void throwIfError(std::string_view who, const Envelope& envelope);

}  // namespace dividere::detail
