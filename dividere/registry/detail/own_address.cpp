#include "own_address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dividere::detail {

static std::string textOfAddress(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return text;
}

// The system chooses the route, and with it the address, when a datagram socket is connected; that sends nothing.
static std::string addressOnDefaultRoute() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  sockaddr_in there{}, here{};
  there.sin_family = AF_INET;
  there.sin_port = htons(53);
  there.sin_addr.s_addr = htonl(0x08080808);  // any address that no more special route leads to
  socklen_t size = sizeof here;
  const bool known = ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) == 0;
  ::close(fd);
  return known ? textOfAddress(here) : std::string();
}

static std::string addressOfFirstInterface() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::string found;
  for (const ifaddrs* each = all; each && found.empty(); each = each->ifa_next) {
    const bool usable = each->ifa_addr && each->ifa_addr->sa_family == AF_INET && (each->ifa_flags & IFF_UP) &&
                        !(each->ifa_flags & IFF_LOOPBACK);
    if (usable) found = textOfAddress(*reinterpret_cast<const sockaddr_in*>(each->ifa_addr));
  }
  ::freeifaddrs(all);
  return found;
}

std::string ownAddress() {
  std::string address = addressOnDefaultRoute();
  if (address.empty()) address = addressOfFirstInterface();
  return address.empty() ? "127.0.0.1" : address;
}

static std::string textOfAddress(const sockaddr* address) {
  if (address && address->sa_family == AF_INET) return textOfAddress(*reinterpret_cast<const sockaddr_in*>(address));
  char text[INET6_ADDRSTRLEN] = "";
  if (!address || address->sa_family != AF_INET6) return text;
  ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text, sizeof text);
  return text;
}

std::set<std::string> ownAddresses() {
  std::set<std::string> own;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return own;
  for (const ifaddrs* each = all; each; each = each->ifa_next) own.insert(textOfAddress(each->ifa_addr));
  ::freeifaddrs(all);
  own.erase("");  // of interfaces with other addresses
  return own;
}

std::string tcpEndpoint(const std::string& host, std::uint16_t port) {
  const bool bare = host.find(':') != std::string::npos && host.front() != '[';
  return "tcp://" + (bare ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace dividere::detail
