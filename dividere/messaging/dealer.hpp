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
#include "receiving.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Dealer for protobuf messages. Receiving throws as in Consumer; the error knows the message's route.
class Dealer : public Socket<connection::Dealer>, public Receiving<Dealer> {
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

  using Receiving<Dealer>::recv;

  /// Whether a message is there. Waits for one until the time-out.
  bool wait(Timeout timeout) { return connection_.wait(timeout); }

  // Once the Interrupt is raised, these do as at their time-out.

  std::optional<Routed> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt) { return connection_.wait(timeout, interrupt); }

 private:
  friend class Receiving<Dealer>;

  std::optional<Routed> receive(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool receiveInto(google::protobuf::Message& message, const Timeout* timeout, const Interrupt* interrupt = nullptr);
};

}  // namespace dividere::messaging
