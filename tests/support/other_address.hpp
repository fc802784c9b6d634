#pragma once

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <string>

namespace support {

/// An IPv4 address of this machine that is not of loopback: who comes by it comes as from another host. Empty if there is
/// none.
inline std::string otherAddress() {
  ifaddrs* all = nullptr;
  std::string found;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs* each = all; each && found.empty(); each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    char text[INET_ADDRSTRLEN];
    const void* const address = &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
    if (::inet_ntop(AF_INET, address, text, sizeof text)) found = text;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace support
