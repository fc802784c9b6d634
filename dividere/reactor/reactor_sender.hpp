#pragma once

#include <cstddef>
#include <memory>

#include "../connection/dealer.hpp"
#include "../core/interrupt.hpp"
#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"

namespace dividere::detail {
class Outgoing;
}

namespace dividere::reactor {

/// Sends on a socket that an MtMsgReactor owns, which receives what comes back. MtMsgReactor::sender() returns it.
///
///     reactor.add(messaging::Dealer("tcp://localhost:5555")).on([](const Result& result) { use(result); });
///     reactor::ReactorSender jobs = reactor.sender();
///     reactor.start();
///     jobs.send(job);                                  // from any thread
///
/// Any thread, any number at once; copies are cheap, and send by the same socket. What one thread sends stays in order. The
/// message is encoded in the calling thread, and sent in the reactor's; before start() it waits for that. At most 1000 wait
/// so for a socket that takes no more. A Request asks one at a time: the next once the reply to the one before has come, and
/// never, if that does not come.
///
/// It may outlive the reactor. What was sent before stop() is still handed to the socket, as far as that has room; the
/// reactor's onError() is told of the rest, and of what cannot be sent for other reasons. In a forked child it throws
/// Error{otherProcess}.
class ReactorSender {
 public:
  /// Never waits. Throws Error{overloaded} while 1000 messages wait, Error{stopping} once the reactor is stopped, and
  /// Error{tooLarge}, Error{incomplete} and the like as the socket's own send().
  void send(const google::protobuf::Message& message) const;

  /// The same along a route, by a Dealer.
  void send(const connection::Route& route, const google::protobuf::Message& message) const;

  /// Waits for room; false if there was none in time. In the reactor's own thread, which makes the room, it does not wait.
  bool send(const google::protobuf::Message& message, Timeout timeout) const;
  bool send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout) const;

  /// Once the Interrupt is raised, these do as at their time-out.
  bool send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt) const;
  bool send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout,
            const Interrupt& interrupt) const;

  /// How many messages the socket has not taken yet.
  std::size_t waiting() const;

  /// Used by MtMsgReactor::sender().
  explicit ReactorSender(std::shared_ptr<detail::Outgoing> outgoing) noexcept;

 private:
  detail::Outgoing& outgoing() const;

  std::shared_ptr<detail::Outgoing> outgoing_;
};

}  // namespace dividere::reactor
