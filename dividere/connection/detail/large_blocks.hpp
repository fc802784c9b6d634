#pragma once

// Memory of large frames stays in the process (connection::keepLargeBlocks()).

#include <cstddef>

namespace dividere::detail {

constexpr std::size_t kLargeFrame = 64 << 10;

/// To be called with each frame of kLargeFrame bytes or more that is made or received: does what is to be done at the first
/// one. Any thread.
void sawLargeFrame() noexcept;

/// How often malloc() was told to keep large blocks: once at most, unless keepLargeBlocks() asks for it anew.
unsigned timesToldToKeepBlocks() noexcept;

}  // namespace dividere::detail
