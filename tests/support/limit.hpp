#pragma once

#include <chrono>

namespace support {

/// Long enough for anything that is going to happen; only a test that fails waits so long.
constexpr std::chrono::milliseconds kLimit{30000};

/// For what must not happen: how long to wait for it not to.
constexpr std::chrono::milliseconds kShort{100};

}  // namespace support
