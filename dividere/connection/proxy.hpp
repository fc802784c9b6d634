#pragma once

#include <cstdint>

#include "../core/detail/hidden.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Forwarder;
}

namespace dividere::connection {

/// Joins any number of Requests (or Dealers) at its front to any number of Responses (or Dealers) at its back
/// (seeds: connection.Proxy): requests go to the backs in turn, each reply to whoever asked.
///
/// Binds `tcp://*:port` for both; 0 takes a free port. Runs in a thread of its own from construction on. While
/// no back is there, requests wait. A reply whose asker is gone, or whose queue is full, is dropped, and logged.
///
/// The Connector's functions speak of the front; native() may be used only after stop().
class Proxy : public Connector {
 public:
  Proxy(std::uint16_t frontPort, std::uint16_t backPort, const SocketOptions& options = {});
  Proxy(Proxy&&) noexcept;
  Proxy& operator=(Proxy&&) noexcept;

  /// Stops, as stop().
  ~Proxy();

  /// Ends the thread and frees both ports, at once. Any thread, any number of times. What was already taken in
  /// is passed on; requests without a reply get none from here.
  void stop();

  std::uint16_t frontPort() const;
  std::uint16_t backPort() const;

 private:
  detail::Hidden<detail::Forwarder> forwarder_;
};

}  // namespace dividere::connection
