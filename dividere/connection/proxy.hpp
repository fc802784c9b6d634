#pragma once

#include <cstdint>

#include "../core/detail/hidden.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Forwarder;
}

namespace dividere::connection {

/// Joins any number of Requests (or Dealers) at its front to any number of Responses (or Dealers) at its back. Requests
/// go to the backs in turn, each reply to the client that asked.
///
/// Binds `tcp://*:port` for both; port 0 takes a free one. Runs in a thread of its own from construction on. Requests
/// wait while no back is there. A reply is dropped, and logged, if its client is gone or the client's queue is full.
///
/// The Connector's functions are about the front. native() may be used only after stop().
class Proxy : public Connector {
 public:
  Proxy(std::uint16_t frontPort, std::uint16_t backPort, const SocketOptions& options = {});
  Proxy(Proxy&&) noexcept;
  Proxy& operator=(Proxy&&) noexcept;

  /// Calls stop().
  ~Proxy();

  /// Ends the thread and frees both ports, at once. Any thread, any number of times. Messages already read are passed
  /// on. Requests that are still without a reply get none.
  void stop();

  std::uint16_t frontPort() const;
  std::uint16_t backPort() const;

 private:
  detail::Hidden<detail::Forwarder> forwarder_;
};

}  // namespace dividere::connection
