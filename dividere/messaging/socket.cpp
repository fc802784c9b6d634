#include "socket.hpp"

#include <google/protobuf/message.h>

#include "refusal.hpp"
#include "wire.hpp"

namespace dividere::detail {

template <class Connection>
const char* consumerName();
template <>
const char* consumerName<connection::Subscriber>() {
  return "messaging::Subscriber: receive";
}
template <>
const char* consumerName<connection::Request>() {
  return "messaging::Request: receive";
}
template <>
const char* consumerName<connection::Response>() {
  return "messaging::Response: receive";
}

/// Calls `decode` with the bytes of the frame; what it throws is also told to the peer, if one waits.
template <class Connection, class Decode>
auto decodeOrRefuse(Connection& connection, const Frame& frame, const Decode& decode) {
  try {
    return decode(frame.view());
  } catch (const Error& error) {
    refuse(connection, error);
    throw;
  }
}

/// Receives; a message of several frames is told to the peer as malformed, too.
template <class Connection>
const Frame* receiveOrRefuse(Connection& connection, const std::chrono::milliseconds* timeout) {
  try {
    return connection.receiveFrame(timeout);
  } catch (const Error& error) {
    if (error.code() == Errc::malformed) refuse(connection, error);
    throw;
  }
}

}  // namespace dividere::detail

namespace dividere::messaging {

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::receive(const std::chrono::milliseconds* timeout) {
  const detail::Frame* frame = detail::receiveOrRefuse(this->connection_, timeout);
  if (!frame) return nullptr;
  return detail::decodeOrRefuse(this->connection_, *frame, [](std::string_view bytes) {
    return detail::decodeEnvelope(detail::consumerName<Connection>(), bytes);
  });
}

template <class Connection>
bool Consumer<Connection>::receiveInto(google::protobuf::Message& message, const std::chrono::milliseconds* timeout) {
  const detail::Frame* frame = detail::receiveOrRefuse(this->connection_, timeout);
  if (!frame) return false;
  detail::decodeOrRefuse(this->connection_, *frame, [&](std::string_view bytes) {
    detail::decodeEnvelopeInto(detail::consumerName<Connection>(), bytes, message);
  });
  return true;
}

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::recv() {
  return receive(nullptr);
}

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::recv(std::chrono::milliseconds timeout) {
  return receive(&timeout);
}

template class Consumer<connection::Subscriber>;
template class Consumer<connection::Request>;
template class Consumer<connection::Response>;

}  // namespace dividere::messaging
