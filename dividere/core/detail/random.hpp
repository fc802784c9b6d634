#pragma once

// Names that nobody else has.

#include <cstdint>
#include <string>

namespace dividere::detail {

/// From the kernel, so that a forked child does not repeat its parent's.
std::string randomBytes(std::size_t count);

std::uint32_t randomNumber();

/// A random UUID (RFC 4122, version 4) as text.
std::string randomUuid();

}  // namespace dividere::detail
