#include "connector.hpp"

#include "../core/error.hpp"
#include "detail/socket.hpp"

namespace dividere::detail {

[[noreturn]] void failMovedFrom() { throw Error(Errc::movedFrom, "connection"); }

}  // namespace dividere::detail

namespace dividere::connection {

Connector::Connector(std::unique_ptr<detail::Socket> socket) : socket_(std::move(socket)) {}
Connector::Connector(Connector&&) noexcept = default;
Connector& Connector::operator=(Connector&&) noexcept = default;
Connector::~Connector() = default;

detail::Socket& Connector::socket() const {
  if (!socket_) detail::failMovedFrom();
  socket_->requireOwnProcess();
  return *socket_;
}

std::string Connector::endpoint() const { return socket().endpoint(); }

std::uint16_t Connector::port() const { return socket().port(); }

void Connector::onEvent(std::function<void(const SocketEvent&)> handler) { socket().onEvent(std::move(handler)); }

void* Connector::native() { return socket().lend(); }

}  // namespace dividere::connection
