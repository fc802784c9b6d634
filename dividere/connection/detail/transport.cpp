#include "transport.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cstring>

namespace dividere::detail {

/// Where one end of a connection is.
struct SocketAddress {
  sockaddr_storage address{};
  socklen_t size = sizeof address;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&address); }
  bool isTcp() const { return address.ss_family == AF_INET || address.ss_family == AF_INET6; }

  /// As in an endpoint; nothing if it cannot be.
  std::string str() const {
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (::getnameinfo(get(), size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
      return {};
    const std::string name = address.ss_family == AF_INET6 ? "[" + std::string(host) + "]" : host;
    return "tcp://" + name + ":" + port;
  }
};

/// Both ends of a tcp connection; false if the descriptor is none.
static bool findEnds(int descriptor, SocketAddress& here, SocketAddress& there) {
  return ::getsockname(descriptor, here.get(), &here.size) == 0 &&
         ::getpeername(descriptor, there.get(), &there.size) == 0 && here.isTcp() && there.isTcp();
}

static std::string_view portIn(std::string_view endpoint) {
  const auto colon = endpoint.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : endpoint.substr(colon);
}

std::string acceptedFrom(int descriptor, std::string_view endpoint) {
  SocketAddress here, there;
  if (!findEnds(descriptor, here, there) || portIn(here.str()) != portIn(endpoint)) return {};
  return there.str();
}

void cutIfConnectedToItself(int descriptor) {
  SocketAddress here, there;
  if (!findEnds(descriptor, here, there)) return;
  if (here.size == there.size && std::memcmp(&here.address, &there.address, here.size) == 0) {
    ::shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace dividere::detail
