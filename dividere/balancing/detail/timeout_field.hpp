#pragma once

// What is left of a caller's time, in the envelope of its request.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../connection/detail/frame.hpp"

namespace dividere::detail {

/// Where the value of an envelope's timeoutMs stands, a varint; size 0: it has none.
struct TimeoutField {
  std::size_t begin = 0, size = 0;
};

/// Of several the last one, which counts.
TimeoutField findTimeout(std::string_view envelope);

/// Writes another value, not above the one that was there, in as many bytes. The frame is not shared.
void rewriteTimeout(Frame& envelope, TimeoutField field, std::uint32_t ms);

/// Whether two requests are the same but for what is left of their callers' time.
bool isSameRequest(std::string_view one, std::string_view other);

}  // namespace dividere::detail
