#pragma once

#include <cstdint>
#include <string>

namespace support {

/// Where a port of this machine is connected to.
inline std::string local(std::uint16_t port) { return "tcp://127.0.0.1:" + std::to_string(port); }

}  // namespace support
