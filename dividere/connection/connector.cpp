#include "connector.hpp"

#include "../core/error.hpp"
#include "detail/socket.hpp"

namespace dividere::connection {

Connector::Connector(std::unique_ptr<detail::Socket> socket) : who_(socket->className()), socket_(std::move(socket)) {}
Connector::Connector(Connector&&) noexcept = default;
Connector& Connector::operator=(Connector&&) noexcept = default;
Connector::~Connector() = default;

detail::Socket& Connector::socket() const {
  if (!socket_) throw Error(Errc::movedFrom, who_);
  socket_->requireOwnProcess();
  return *socket_;
}

std::string Connector::endpoint() const { return socket().endpoint(); }

std::uint16_t Connector::port() const { return socket().port(); }

void Connector::onEvent(std::function<void(const SocketEvent&)> handler) { socket().onEvent(std::move(handler)); }

int Connector::descriptor() const { return socket().readableWhenDue(); }

void Connector::onlyFor(const std::string& group) { socket().onlyFor(group); }

void* Connector::native() { return socket().lend(); }

}  // namespace dividere::connection
