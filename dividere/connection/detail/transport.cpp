#include "transport.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
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

/// Both ends of a connection; false if the descriptor is none.
static bool findEnds(int descriptor, SocketAddress& here, SocketAddress& there) {
  return ::getsockname(descriptor, here.get(), &here.size) == 0 &&
         ::getpeername(descriptor, there.get(), &there.size) == 0;
}

/// The same of a tcp connection.
static bool findTcpEnds(int descriptor, SocketAddress& here, SocketAddress& there) {
  return findEnds(descriptor, here, there) && here.isTcp() && there.isTcp();
}

static std::string_view portIn(std::string_view endpoint) {
  const auto colon = endpoint.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : endpoint.substr(colon);
}

/// The path of a unix socket, as in an endpoint; nothing if it has none.
static std::string ipcEndpoint(const SocketAddress& end) {
  if (end.address.ss_family != AF_UNIX || end.size <= offsetof(sockaddr_un, sun_path)) return {};
  const char* const path = reinterpret_cast<const sockaddr_un&>(end.address).sun_path;
  const std::size_t room = end.size - offsetof(sockaddr_un, sun_path);
  return path[0] == '\0' ? "ipc://@" + std::string(path + 1, room - 1)
                         : "ipc://" + std::string(path, ::strnlen(path, room));
}

/// Whether one end of the connection is at the endpoint.
static bool isAt(int descriptor, std::string_view endpoint) {
  SocketAddress here, there;
  if (!findEnds(descriptor, here, there)) return false;
  if (!here.isTcp()) return ipcEndpoint(here) == endpoint || ipcEndpoint(there) == endpoint;
  return portIn(here.str()) == portIn(endpoint) || portIn(there.str()) == portIn(endpoint);
}

void cut(int descriptor, std::string_view endpoint) {
  if (descriptor >= 0 && isAt(descriptor, endpoint)) ::shutdown(descriptor, SHUT_RDWR);
}

std::string acceptedFrom(int descriptor, std::string_view endpoint) {
  SocketAddress here, there;
  if (!findTcpEnds(descriptor, here, there) || portIn(here.str()) != portIn(endpoint)) return {};
  return there.str();
}

void cutIfConnectedToItself(int descriptor) {
  SocketAddress here, there;
  if (!findTcpEnds(descriptor, here, there)) return;
  if (here.size == there.size && std::memcmp(&here.address, &there.address, here.size) == 0) {
    ::shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace dividere::detail
