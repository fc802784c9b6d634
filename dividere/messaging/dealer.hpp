#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../connection/dealer.hpp"
#include "../core/error.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Dealer for protobuf messages. Receiving throws as in Consumer; the error knows the message's route.
class Dealer : public Socket<connection::Dealer> {
 public:
  /// A message and its route, which is empty if it came without one.
  struct Routed {
    connection::Route route;
    std::unique_ptr<google::protobuf::Message> body;
  };

  /// Thrown by every way to receive: for a message that cannot be taken, and for a peer's DividereError. The route tells
  /// which request has failed:
  ///
  ///     try {
  ///       handle(dealer.recv<Msg02>());
  ///     } catch (const dividere::messaging::Dealer::RoutedError& failed) {
  ///       requests.erase(failed.route());
  ///     }
  class RoutedError : public Error {
   public:
    RoutedError(const Error& error, connection::Route route);

    /// Empty if the message came without one.
    const connection::Route& route() const noexcept { return *route_; }

   private:
    std::shared_ptr<const connection::Route> route_;  // copying an Error does not throw
  };

  explicit Dealer(const std::string& endpoint, const connection::SocketOptions& options = {});
  explicit Dealer(const std::vector<std::string>& endpoints, const connection::SocketOptions& options = {});
  explicit Dealer(std::initializer_list<std::string> endpoints, const connection::SocketOptions& options = {});

  /// As connection::Dealer.
  void send(const google::protobuf::Message& message);
  void send(const connection::Route& route, const google::protobuf::Message& message);
  void sendWithEmptyFrame(const google::protobuf::Message& message);

  /// False if it could not be handed on in time; then nothing was sent.
  bool send(const google::protobuf::Message& message, Timeout timeout);
  bool send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout);
  bool send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt);
  bool send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout,
            const Interrupt& interrupt);

  /// The next message. Waits without limit.
  Routed recv();

  /// Nothing if none came in time.
  std::optional<Routed> recv(Timeout timeout);

  /// The next message as a T, without its route. Throws Error{wrongType} if it is of another type.
  template <class T>
  T recv() {
    T message;
    receiveInto(message, nullptr);
    return message;
  }

  /// Nothing if none came in time.
  template <class T>
  std::optional<T> recv(Timeout timeout) {
    return receiveAs<T>(timeout, nullptr);
  }

  /// Into a message that is reused.
  template <class T>
  void recvInto(T& reused) {
    receiveInto(reused, nullptr);
  }

  /// False, and the message untouched, if none came in time.
  template <class T>
  bool recvInto(T& reused, Timeout timeout) {
    return receiveInto(reused, &timeout);
  }

  /// Whether a message is there. Waits for one until the time-out.
  bool wait(Timeout timeout) { return connection_.wait(timeout); }

  // Once the Interrupt is raised, these do as at their time-out.

  std::optional<Routed> recv(Timeout timeout, const Interrupt& interrupt);
  template <class T>
  std::optional<T> recv(Timeout timeout, const Interrupt& interrupt) {
    return receiveAs<T>(timeout, &interrupt);
  }
  template <class T>
  bool recvInto(T& reused, Timeout timeout, const Interrupt& interrupt) {
    return receiveInto(reused, &timeout, &interrupt);
  }
  bool wait(Timeout timeout, const Interrupt& interrupt) { return connection_.wait(timeout, interrupt); }

 private:
  std::optional<Routed> receive(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool receiveInto(google::protobuf::Message& message, const Timeout* timeout, const Interrupt* interrupt = nullptr);

  template <class T>
  std::optional<T> receiveAs(const Timeout& timeout, const Interrupt* interrupt) {
    std::optional<T> message(std::in_place);
    if (!receiveInto(*message, &timeout, interrupt)) message.reset();
    return message;
  }
};

}  // namespace dividere::messaging
