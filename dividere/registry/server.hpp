#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "../connection/socket_options.hpp"
#include "../core/detail/hidden.hpp"

namespace dividere::detail {
class RegistryServer;
}

namespace dividere::registry {

struct ServerOptions {
  std::uint16_t port = 5000;       ///< where it is asked; 0: a free one, and the next one for announcements
  std::uint16_t announcePort = 0;  ///< where it says that it has started; 0: port + 1

  // How much it keeps: what is beyond that is refused. By default entries take 85 MB at most, whoever registers them.
  std::size_t maxInstancesPerName = 1000;
  std::size_t maxEntries = 100'000;        ///< in all
  std::size_t maxEntriesPerHost = 10'000;  ///< registered from one address, for itself or for others

  /// Here maxMessageBytes is never more than 64 KiB.
  connection::SocketOptions socket;
};

/// The registry, as the Python package's registry.ServiceRegistry.Server: tells where the services of a name are.
///
///     registry::Server server;  // 5000 and 5001 of every interface
///
/// Any number of instances may have one name; who looks it up is told one of them, each time the next. An entry with
/// a lease is forgotten unless it is renewed in time, as service::Service does. One without stays until it is
/// unregistered; that of a peer that knows no instances (the Python package) also until such a peer registers the
/// name anew.
///
/// An entry is a name (printable UTF-8 of 1 to 255 bytes), a host (a host name or an IP address; it is not resolved
/// here) and a port. Anything else is refused, `ok: false` with the reason, and logged; so is what ServerOptions leaves no room for.
/// Anybody who can connect may register and unregister anything; in a secured program (dividere::secure) only those whose keys are
/// in `authorized.<name>` or in `authorized.register`.
///
/// It knows nothing when it starts, and asks every service that listens to register again. Nothing is kept on disk.
/// Runs in a thread of its own from construction on; bytes that are no request are replied to with an error.
class Server {
 public:
  /// Throws Error if a port is taken, saying which: its code is then std::errc::address_in_use. Throws
  /// std::errc::invalid_argument for options that cannot be.
  explicit Server(const ServerOptions& options = {});

  /// Stops, as stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Ends the thread and frees both ports, at once. Any thread, any number of times.
  void stop();

  // Any thread.
  std::uint16_t port() const;
  std::uint16_t announcePort() const;
  std::size_t entries() const;  ///< how many are registered, those whose lease has just ended included

 private:
  detail::Hidden<detail::RegistryServer> server_;
};

}  // namespace dividere::registry
