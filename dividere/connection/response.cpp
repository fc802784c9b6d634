#include "response.hpp"

#include "../core/error.hpp"
#include "detail/socket.hpp"

namespace dividere::detail {

static bool responseBinds(const std::string& endpoint, connection::Attach attach) {
  if (attach != connection::Attach::automatic) return attach == connection::Attach::bind;
  // Nothing else of this library binds ipc or inproc for a Request to connect to.
  return hasWildcard(endpoint) || endpoint.compare(0, 6, "tcp://") != 0;
}

static std::string adviceToBind(const std::string& endpoint) {
  return "a Response connects to a host that is named; to bind, write tcp://*" + endpoint.substr(endpoint.rfind(':'));
}

}  // namespace dividere::detail

namespace dividere::connection {

Response::Response(const std::string& endpoint, const SocketOptions& options)
    : Connector(std::make_unique<detail::Socket>("connection::Response", ZMQ_REP, options)) {
  if (detail::responseBinds(endpoint, options.attach)) {
    socket().bind(endpoint);
  } else {
    const bool isChosen = options.attach == Attach::connect;
    socket().connect(endpoint, isChosen ? std::string() : detail::adviceToBind(endpoint));
  }
}

Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;
Response::~Response() = default;

void Response::send(std::string_view bytes) {
  detail::Frame frame(bytes);
  sendFrame(frame, nullptr);
}

bool Response::send(std::string_view bytes, Timeout timeout) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout);
}

bool Response::send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout, &interrupt);
}

bool Response::sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (!owes_ && !refusal_) throw Error(Errc::outOfTurn, socket.who() + ": send with no request to reply to");
  if (!socket.send(frame, detail::Deadline::in(timeout, interrupt))) return false;
  owes_ = false;
  refusal_ = {};
  return true;
}

std::string Response::recv() { return receiveFrame(nullptr)->str(); }

std::optional<std::string> Response::recv(Timeout timeout) { return detail::asText(receiveFrame(&timeout)); }

std::optional<std::string> Response::recv(Timeout timeout, const Interrupt& interrupt) {
  return detail::asText(receiveFrame(&timeout, &interrupt));
}

bool Response::wait(Timeout timeout) { return awaitMessage(timeout, nullptr); }

bool Response::wait(Timeout timeout, const Interrupt& interrupt) { return awaitMessage(timeout, &interrupt); }

bool Response::awaitMessage(const Timeout& timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (owes_) {
    socket.decline();  // until the reply is sent: who polls is not told of requests meanwhile
    return false;
  }
  sendRefusal();
  return socket.wait(detail::Deadline::in(&timeout, interrupt));
}

const detail::Frame* Response::receiveFrame(const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  if (owes_) throw Error(Errc::outOfTurn, socket.who() + ": receive while a reply is owed");
  sendRefusal();
  if (!socket.receive(detail::Deadline::in(timeout, interrupt))) return nullptr;
  owes_ = true;
  if (socket.framesReceived() != 1) refuse(detail::Frame());
  return &socket.onlyFrame();
}

void Response::refuse(detail::Frame&& reply) {
  refusal_ = std::make_unique<detail::Frame>(std::move(reply));
  owes_ = false;
}

// A REP socket takes no request before it has replied to the last one.
void Response::sendRefusal() {
  if (!refusal_) return;
  socket().send(*refusal_, detail::Deadline::never());
  refusal_ = {};
}

}  // namespace dividere::connection
