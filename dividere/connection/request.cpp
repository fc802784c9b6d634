#include "request.hpp"

#include "../core/error.hpp"
#include "detail/socket.hpp"

namespace dividere::connection {

Request::Request(const std::string& endpoint, const SocketOptions& options)
    : Request(std::vector<std::string>{endpoint}, options) {}

Request::Request(std::initializer_list<std::string> endpoints, const SocketOptions& options)
    : Request(std::vector<std::string>(endpoints), options) {}

Request::Request(const std::vector<std::string>& endpoints, const SocketOptions& options)
    : Connector(std::make_unique<detail::Socket>("connection::Request", ZMQ_REQ, options)) {
  detail::Socket& socket = this->socket();
  if (endpoints.empty()) throw Error(Errc::badEndpoint, socket.who() + ": the list of endpoints is empty");
  // Without these a lost reply leaves the socket stuck, and a late one is taken for the next request's. Turns
  // are kept by this class.
  socket.set(ZMQ_REQ_RELAXED, 1);
  socket.set(ZMQ_REQ_CORRELATE, 1);
  socket.giveUpIfRefused();
  for (const std::string& endpoint : endpoints) {
    if (options.attach == Attach::bind) {
      socket.bind(endpoint);
    } else {
      socket.connect(endpoint);
    }
  }
}

void Request::send(std::string_view bytes) {
  detail::Frame frame(bytes);
  sendFrame(frame, nullptr);
}

bool Request::send(std::string_view bytes, Timeout timeout) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout);
}

bool Request::send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout, &interrupt);
}

bool Request::sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (turn_ == Turn::receive) throw Error(Errc::outOfTurn, socket.who() + ": send while a reply is owed");
  socket.abandonSent(turn_ == Turn::either);
  const bool sent = socket.send(frame, detail::Deadline::in(timeout, interrupt));
  turn_ = sent ? Turn::receive : Turn::send;  // either way libzmq waits for no earlier reply any more
  if (!sent) socket.requireLetIn();
  return sent;
}

std::string Request::recv() { return receiveFrame(nullptr)->str(); }

std::optional<std::string> Request::recv(Timeout timeout) { return detail::asText(receiveFrame(&timeout)); }

std::optional<std::string> Request::recv(Timeout timeout, const Interrupt& interrupt) {
  return detail::asText(receiveFrame(&timeout, &interrupt));
}

bool Request::wait(Timeout timeout) { return awaitMessage(timeout, nullptr); }

bool Request::wait(Timeout timeout, const Interrupt& interrupt) { return awaitMessage(timeout, &interrupt); }

bool Request::awaitMessage(const Timeout& timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (turn_ == Turn::send) {
    socket.decline();  // so that who polls is not told of what he may not receive
    return false;
  }
  const bool there = socket.wait(detail::Deadline::in(&timeout, interrupt));
  turn_ = there ? Turn::receive : Turn::either;
  if (!there) socket.requireLetIn();
  return there;
}

const detail::Frame* Request::receiveFrame(const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (turn_ == Turn::send) throw Error(Errc::outOfTurn, socket.who() + ": receive with nothing asked");
  if (!socket.receive(detail::Deadline::in(timeout, interrupt))) {
    turn_ = Turn::either;
    socket.requireLetIn();
    return nullptr;
  }
  turn_ = Turn::send;
  return &socket.onlyFrame();
}

}  // namespace dividere::connection
