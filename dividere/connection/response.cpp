#include "response.hpp"

#include "../core/error.hpp"
#include "socket.hpp"

namespace dividere::connection {

using detail::Deadline;
using detail::Frame;

bool responseBinds(const std::string& endpoint, Attach attach) {
  if (attach != Attach::automatic) return attach == Attach::bind;
  // Nothing else of this library binds ipc or inproc for a Request to connect to.
  return detail::hasWildcard(endpoint) || endpoint.compare(0, 6, "tcp://") != 0;
}

Response::Response(const std::string& endpoint, const SocketOptions& options)
    : Connector(std::make_unique<detail::Socket>("connection::Response", ZMQ_REP, options)) {
  if (responseBinds(endpoint, options.attach)) {
    socket().bind(endpoint);
  } else {
    socket().connect(endpoint);
  }
}

Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;
Response::~Response() = default;

void Response::send(std::string_view bytes) {
  Frame frame(bytes);
  sendFrame(frame, nullptr);
}

bool Response::send(std::string_view bytes, std::chrono::milliseconds timeout) {
  Frame frame(bytes);
  return sendFrame(frame, &timeout);
}

bool Response::sendFrame(Frame& frame, const std::chrono::milliseconds* timeout) {
  detail::Socket& socket = this->socket();
  if (!owes_ && !refusal_) throw Error(Errc::outOfTurn, socket.who() + ": send with no request to reply to");
  if (!socket.send(frame, false, Deadline::in(timeout))) return false;
  owes_ = false;
  refusal_.reset();
  return true;
}

std::string Response::recv() { return receiveFrame(nullptr)->str(); }

std::optional<std::string> Response::recv(std::chrono::milliseconds timeout) {
  const Frame* frame = receiveFrame(&timeout);
  return frame ? std::optional<std::string>(frame->view()) : std::nullopt;
}

bool Response::wait(std::chrono::milliseconds timeout) {
  detail::Socket& socket = this->socket();
  if (owes_) return false;
  answerRefused();
  return socket.wait(Deadline::in(timeout));
}

const Frame* Response::receiveFrame(const std::chrono::milliseconds* timeout) {
  detail::Socket& socket = this->socket();
  if (owes_) throw Error(Errc::outOfTurn, socket.who() + ": receive while a reply is owed");
  answerRefused();
  if (!socket.receive(Deadline::in(timeout))) return nullptr;
  owes_ = true;
  if (socket.framesReceived() != 1) refuse(Frame());
  return &socket.onlyFrame();
}

void Response::refuse(Frame&& answer) {
  refusal_ = std::make_unique<Frame>(std::move(answer));
  owes_ = false;
}

// A REP socket takes no request before it has answered the last one.
void Response::answerRefused() {
  if (!refusal_) return;
  socket().send(*refusal_, false, Deadline::never());
  refusal_.reset();
}

}  // namespace dividere::connection
