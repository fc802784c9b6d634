#pragma once

// Where this machine is found by others.

#include <cstdint>
#include <set>
#include <string>

namespace dividere::detail {

/// The address of the interface with the default route; without one, of the first interface that is not loopback;
/// without one, 127.0.0.1. No packet is sent for it.
std::string ownAddress();

/// The IP addresses of this machine's interfaces.
std::set<std::string> ownAddresses();

/// "tcp://host:port"; an IPv6 address gets its brackets.
std::string tcpEndpoint(const std::string& host, std::uint16_t port);

}  // namespace dividere::detail
