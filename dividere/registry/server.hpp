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
  std::uint16_t port = 5000;       ///< where it is asked; 0: a free one, and the next for announcements
  std::uint16_t announcePort = 0;  ///< where it says that it has started; 0: port + 1
  connection::SocketOptions socket;
};

/// The name service (seeds: registry.ServiceRegistry.Server): tells where the services of a name are.
///
///     registry::Server server;  // 5000 and 5001 of every interface
///
/// Any number of instances may have one name; who looks it up is told one of them, each time the next. An entry with
/// a lease is forgotten unless it is renewed in time, as service::Service does. One without stays until it is
/// unregistered; that of a peer that knows no instances (the Python package) also until such a peer registers the
/// name anew.
///
/// It knows nothing when it starts, and asks every service that listens to register again. Nothing is kept on disk.
/// Runs in a thread of its own from construction on; bytes that are no request are answered with an error.
class Server {
 public:
  /// Throws Error if a port is taken, saying which: its code is then std::errc::address_in_use.
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
