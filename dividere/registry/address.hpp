#pragma once

#include <cstdint>
#include <string>

namespace dividere::registry {

/// Where a service, or one instance of it, is.
struct ServiceAddress {
  std::string name;
  std::string server;  ///< the host: its name or address
  std::uint16_t port = 0;
  std::string kind = {};  ///< what it says that it is: "service", "publisher", "broker"; empty if it does not say
  std::string key = {};   ///< its public key, as a registry that is secured vouches for it; empty: there is none
};

/// Where a registry is.
struct Location {
  std::string host = "localhost";
  std::uint16_t port = 5000;
  std::uint16_t announcePort = 0;  ///< where it says that it has started; 0: port + 1
};

}  // namespace dividere::registry
