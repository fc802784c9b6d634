#include "port_manager.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "../core/detail/fork.hpp"
#include "../core/detail/never_destroyed.hpp"
#include "../core/detail/owned_descriptor.hpp"
#include "../core/detail/random.hpp"
#include "../core/error.hpp"
#include "detail/process.hpp"

namespace dividere::detail {

/// Keeps a port from everybody else. A bound socket that does not listen keeps the system from giving the number to
/// anyone, while libzmq (SO_REUSEADDR, as here) can still bind it; a name in the abstract namespace, which the
/// system forgets with the process, keeps other users of this library from asking for it.
struct PortHold {
  OwnedDescriptor bound;
  OwnedDescriptor name;
};

static OwnedDescriptor openSocket(int family, int type) {
  OwnedDescriptor made(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!made) throw Error({errno, std::generic_category()}, "connection::PortManager: socket");
  return made;
}

static OwnedDescriptor claimName(std::uint16_t port) {
  OwnedDescriptor name = openSocket(AF_UNIX, SOCK_DGRAM);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int length =
      std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "dividere-port-%u", unsigned{port});
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<std::size_t>(length));
  if (::bind(name.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return OwnedDescriptor();
  return name;
}

static OwnedDescriptor claimPort(std::uint16_t port) {
  OwnedDescriptor bound = openSocket(AF_INET, SOCK_STREAM);
  const int on = 1;
  ::setsockopt(bound.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  if (::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return OwnedDescriptor();
  return bound;
}

/// The ports that may be handed out: [kFirst, 65535] without the system's range for outgoing connections.
class PortRange {
 public:
  PortRange() {
    if (std::FILE* file = std::fopen("/proc/sys/net/ipv4/ip_local_port_range", "r")) {
      if (std::fscanf(file, "%u %u", &low_, &high_) != 2) low_ = 32768, high_ = 60999;
      std::fclose(file);
    }
    // Where the system's range leaves next to nothing, a port inside it is better than none.
    if (count() < 1000) low_ = high_ = 65536;
  }

  unsigned count() const { return below() + above(); }

  std::uint16_t at(unsigned index) const {
    return static_cast<std::uint16_t>(index < below() ? kFirst + index : high_ + 1 + (index - below()));
  }

 private:
  static constexpr unsigned kFirst = 10000;  // well away from the registry's, and from most well-known ones

  unsigned below() const { return low_ > kFirst ? (low_ < 65536 ? low_ : 65536) - kFirst : 0; }
  unsigned above() const { return high_ >= kFirst && high_ < 65535 ? 65535 - high_ : 0; }

  unsigned low_ = 32768;
  unsigned high_ = 60999;
};

static std::map<std::uint16_t, PortHold>& heldPorts() {
  static NeverDestroyed<std::map<std::uint16_t, PortHold>> held;  // under processMutex()
  return *held;
}

void forgetHeldPorts() {
  std::lock_guard<std::mutex> lock(processMutex());
  heldPorts().clear();
}

}  // namespace dividere::detail

namespace dividere::connection {

std::uint16_t PortManager::acquire() {
  static const detail::PortRange range;
  const unsigned random = detail::randomNumber();
  // Starting anywhere spreads processes apart; going on from there finds a free port if there is one.
  std::lock_guard<std::mutex> lock(detail::processMutex());
  auto& held = detail::heldPorts();
  for (unsigned i = 0; i < range.count(); ++i) {
    const std::uint16_t port = range.at((random % range.count() + i) % range.count());
    if (held.count(port)) continue;
    detail::PortHold hold;
    hold.name = detail::claimName(port);
    if (hold.name) hold.bound = detail::claimPort(port);
    if (!hold.bound) continue;
    held.emplace(port, std::move(hold));
    return port;
  }
  throw Error(Errc::noFreePort, "connection::PortManager: acquire");
}

void PortManager::release(std::uint16_t port) {
  std::lock_guard<std::mutex> lock(detail::processMutex());
  detail::heldPorts().erase(port);
}

}  // namespace dividere::connection
