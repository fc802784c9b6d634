#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../connection/connector.hpp"
#include "../connection/request.hpp"
#include "../connection/response.hpp"
#include "../connection/subscriber.hpp"
#include "../core/interrupt.hpp"
#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"
#include "receiving.hpp"

namespace dividere::messaging {

/// What every socket of this layer is: a socket of the connection layer that carries protobuf messages, each in a
/// msgEnvelope. For threads, moving, endpoints and destruction see connection::Connector.
template <class Connection>
class Socket {
 public:
  std::string endpoint() const { return connection_.endpoint(); }
  std::uint16_t port() const { return connection_.port(); }
  void onEvent(std::function<void(const connection::SocketEvent&)> handler) { connection_.onEvent(std::move(handler)); }
  void onlyFor(const std::string& group) { connection_.onlyFor(group); }
  void* native() { return connection_.native(); }
  int descriptor() const { return connection_.descriptor(); }

  /// The socket inside, which carries the same messages as bytes.
  Connection& connection() noexcept { return connection_; }

 protected:
  explicit Socket(Connection&& connection) : connection_(std::move(connection)) {}

  Connection connection_;
};

/// The receiving side of Subscriber, Request and Response.
///
/// A message that cannot be taken throws, as ProtoBuffDecoder does, and is gone; the next one is not affected. A peer's
/// DividereError, which says why there is no reply, is thrown as the Error that it names.
template <class Connection>
class Consumer : public Socket<Connection>, public Receiving<Consumer<Connection>> {
 public:
  /// The next message, of any linked type but those that allowTypes() has to allow. Waits without limit.
  std::unique_ptr<google::protobuf::Message> recv();

  /// Null if none came in time.
  std::unique_ptr<google::protobuf::Message> recv(Timeout timeout);

  using Receiving<Consumer<Connection>>::recv;

  /// Whether a message is there. Waits for one until the time-out.
  bool wait(Timeout timeout) { return this->connection_.wait(timeout); }

  // Once the Interrupt is raised, these do as at their time-out.

  std::unique_ptr<google::protobuf::Message> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt) { return this->connection_.wait(timeout, interrupt); }

 protected:
  using Socket<Connection>::Socket;

 private:
  friend class Receiving<Consumer<Connection>>;

  std::unique_ptr<google::protobuf::Message> receive(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool receiveInto(google::protobuf::Message& message, const Timeout* timeout, const Interrupt* interrupt = nullptr);
};

// Defined in socket.cpp.
extern template class Consumer<connection::Subscriber>;
extern template class Consumer<connection::Request>;
extern template class Consumer<connection::Response>;

}  // namespace dividere::messaging
