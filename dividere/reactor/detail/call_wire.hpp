#pragma once

// What a call puts on the wire besides its message, and what it reads there (doc/wire.md).

#include <optional>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "../call.hpp"
#include "pending_call.hpp"

namespace dividere::detail {

/// The fields of a request, but its trace. They borrow from `options`, which may be null. Throws
/// std::errc::invalid_argument, in the name of `className`, for options that make no sense.
CallFields requestFields(const char* className, const CallTerms& terms, const CallOptions* options);

/// Tells whoever has a request that it need not handle it any more.
Frame cancelFrame();

/// Lets whoever handles a request send so many more parts.
Frame creditFrame(std::uint32_t parts);

/// The number of a part that comes before its reply, from 1; 0 if the envelope is no such part.
std::uint32_t partNumber(std::string_view envelope);

/// What the envelope says of its sender's features; nothing if it says no such thing.
std::optional<Features> readFeatures(std::string_view envelope);

}  // namespace dividere::detail
