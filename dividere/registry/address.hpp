#pragma once

#include <cstdint>
#include <string>

namespace dividere::registry {

/// Where a service, or one instance of it, is.
struct ServiceAddress {
  std::string name;
  std::string server;  ///< the host: its name or address
  std::uint16_t port = 0;
};

/// Where a registry is.
struct Location {
  std::string host = "localhost";
  std::uint16_t port = 5000;
  std::uint16_t announcePort = 0;  ///< where it says that it has started; 0: port + 1
};

}  // namespace dividere::registry
