#pragma once

#include <chrono>

#include "../core/detail/hidden.hpp"
#include "../core/error.hpp"
#include "../core/protobuf_fwd.hpp"

namespace dividere::detail {
class DeferredCall;
}

namespace dividere::reactor {

/// A reply that is still to come, made by Sender::defer():
///
///     service.on([](const Job& job, reactor::Sender& sender) {
///       std::thread([job, later = sender.defer()]() mutable { later.send(resultOf(job)); }).detach();
///     });
///
/// Any thread, one at a time. Destroyed without a reply, it tells the client (Errc::handlerFailed). It may outlive the service: a
/// service that stops does not wait for it, but tells the client Errc::stopping. From then on send() throws Error{stopping}, and
/// fail() and the destructor do nothing. A Worker that stops leaves such requests to other workers, and tells only the clients of
/// those that must not be repeated. To its broker a request is in flight until it is replied to. In a forked child it does nothing,
/// and send() throws Error{otherProcess}.
class Later {
 public:
  /// Replies. Never waits. Throws Error{outOfTurn} the second time, and Error{movedFrom}. Does nothing once the call is
  /// cancelled.
  void send(const google::protobuf::Message& message);

  /// As Sender's, from any thread. In the service's own thread, where it cannot wait, it throws Error{overloaded} while the
  /// caller has not taken enough of the parts before.
  void sendPart(const google::protobuf::Message& part);

  /// In place of a reply: as if the handler had thrown this.
  void fail(const Failure& failure);

  /// As Sender's.
  bool cancelled() const;
  std::chrono::milliseconds remaining() const;

  /// Used by Sender::defer().
  explicit Later(detail::Hidden<detail::DeferredCall> call) noexcept;
  Later(Later&&) noexcept;
  Later& operator=(Later&&) noexcept;
  ~Later();

 private:
  detail::DeferredCall& call() const;

  detail::Hidden<detail::DeferredCall> call_;
};

}  // namespace dividere::reactor
