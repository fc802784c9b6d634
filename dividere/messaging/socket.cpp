#include "socket.hpp"

#include <google/protobuf/message.h>

#include "../connection/detail/access.hpp"
#include "detail/codec.hpp"
#include "detail/error_envelope.hpp"

namespace dividere::detail {

template <class Connection>
constexpr std::string_view kConsumer{};
template <>
constexpr std::string_view kConsumer<connection::Subscriber> = "messaging::Subscriber: receive";
template <>
constexpr std::string_view kConsumer<connection::Request> = "messaging::Request: receive";
template <>
constexpr std::string_view kConsumer<connection::Response> = "messaging::Response: receive";

/// What becomes of a message that cannot be taken: nobody waits for a reply to it.
template <class Connection>
static void refuse(Connection&, const Error&) {}

/// A Response owes one all the same, or it would be stuck and the requester would wait for ever.
static void refuse(connection::Response& response, const Error& error) {
  Access::refuse(response, Frame(std::string_view(errorEnvelope(error))));
}

/// Calls `decode` with the bytes of the next message; false if none came. What is wrong with it is also told to the peer, if
/// one waits.
template <class Connection, class Decode>
static bool receiveAnd(Connection& connection, const Timeout* timeout, const Interrupt* interrupt,
                       const Decode& decode) {
  const Frame* frame = nullptr;
  try {
    frame = Access::receive(connection, timeout, interrupt);
    if (frame) decode(frame->view());
    return frame != nullptr;
  } catch (const Error& error) {
    if (frame || error.code() == Errc::malformed) refuse(connection, error);  // malformed: of several frames
    throw;
  }
}

}  // namespace dividere::detail

namespace dividere::messaging {

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::receive(const Timeout* timeout,
                                                                         const Interrupt* interrupt) {
  std::unique_ptr<google::protobuf::Message> message;
  detail::receiveAnd(this->connection_, timeout, interrupt, [&](std::string_view bytes) {
    message = detail::decodeEnvelope(detail::kConsumer<Connection>, bytes);
  });
  return message;
}

template <class Connection>
bool Consumer<Connection>::receiveInto(google::protobuf::Message& message, const Timeout* timeout,
                                       const Interrupt* interrupt) {
  return detail::receiveAnd(this->connection_, timeout, interrupt, [&](std::string_view bytes) {
    detail::decodeEnvelopeInto(detail::kConsumer<Connection>, bytes, message);
  });
}

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::recv() {
  return receive(nullptr);
}

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::recv(Timeout timeout) {
  return receive(&timeout);
}

template <class Connection>
std::unique_ptr<google::protobuf::Message> Consumer<Connection>::recv(Timeout timeout, const Interrupt& interrupt) {
  return receive(&timeout, &interrupt);
}

template class Consumer<connection::Subscriber>;
template class Consumer<connection::Request>;
template class Consumer<connection::Response>;

}  // namespace dividere::messaging
