#include "dealer.hpp"

#include "../core/error.hpp"
#include "detail/socket.hpp"

namespace dividere::connection {

Dealer::Dealer(const std::string& endpoint, const SocketOptions& options)
    : Dealer(std::vector<std::string>{endpoint}, options) {}

Dealer::Dealer(std::initializer_list<std::string> endpoints, const SocketOptions& options)
    : Dealer(std::vector<std::string>(endpoints), options) {}

Dealer::Dealer(const std::vector<std::string>& endpoints, const SocketOptions& options)
    : Connector(std::make_unique<detail::Socket>("connection::Dealer", ZMQ_DEALER, options)) {
  detail::Socket& socket = this->socket();
  if (endpoints.empty()) throw Error(Errc::badEndpoint, socket.who() + ": the list of endpoints is empty");
  socket.takeRandomName();
  for (const std::string& endpoint : endpoints) {
    const bool binds =
        options.attach == Attach::automatic ? detail::hasWildcard(endpoint) : options.attach == Attach::bind;
    if (binds) {
      socket.bind(endpoint);
    } else {
      socket.connect(endpoint);
    }
  }
}

void Dealer::send(std::string_view bytes) {
  detail::Frame frame(bytes);
  sendFrame({}, frame, nullptr);
}

void Dealer::send(const Route& route, std::string_view bytes) {
  detail::Frame frame(bytes);
  sendFrame(route, frame, nullptr);
}

void Dealer::sendWithEmptyFrame(std::string_view bytes) { send(Route{""}, bytes); }

bool Dealer::send(std::string_view bytes, Timeout timeout) {
  detail::Frame frame(bytes);
  return sendFrame({}, frame, &timeout);
}

bool Dealer::send(const Route& route, std::string_view bytes, Timeout timeout) {
  detail::Frame frame(bytes);
  return sendFrame(route, frame, &timeout);
}

bool Dealer::send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt) {
  return send({}, bytes, timeout, interrupt);
}

bool Dealer::send(const Route& route, std::string_view bytes, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame(bytes);
  return sendFrame(route, frame, &timeout, &interrupt);
}

bool Dealer::sendFrame(const Route& route, detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt) {
  return socket().send(route, frame, detail::Deadline::in(timeout, interrupt));
}

Routed Dealer::recv() {
  Routed message;
  message.body = receiveFrame(&message.route, nullptr)->str();
  return message;
}

std::optional<Routed> Dealer::recv(Timeout timeout) { return receive(&timeout, nullptr); }

std::optional<Routed> Dealer::recv(Timeout timeout, const Interrupt& interrupt) {
  return receive(&timeout, &interrupt);
}

std::optional<Routed> Dealer::receive(const Timeout* timeout, const Interrupt* interrupt) {
  Routed message;
  const detail::Frame* frame = receiveFrame(&message.route, timeout, interrupt);
  if (!frame) return std::nullopt;
  message.body = frame->str();
  return message;
}

bool Dealer::wait(Timeout timeout) { return awaitMessage(timeout, nullptr); }

bool Dealer::wait(Timeout timeout, const Interrupt& interrupt) { return awaitMessage(timeout, &interrupt); }

bool Dealer::awaitMessage(const Timeout& timeout, const Interrupt* interrupt) {
  return socket().wait(detail::Deadline::in(&timeout, interrupt));
}

const detail::Frame* Dealer::receiveFrame(Route* route, const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (!socket.receive(detail::Deadline::in(timeout, interrupt))) return nullptr;
  detail::Multipart& message = socket.inbox();
  if (socket.framesReceived() > message.size()) {
    throw Error(Errc::malformed, socket.who() + ": receive: a message of " + std::to_string(socket.framesReceived()) +
                                     " frames; dropped");
  }
  if (route) message.copyRouteTo(*route);
  return &message.payload();
}

}  // namespace dividere::connection
