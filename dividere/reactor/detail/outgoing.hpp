#pragma once

// What other threads send on a socket that a loop owns.

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "../../core/detail/bell.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

class ReactorLoop;

constexpr const char* kReactorSender = "reactor::ReactorSender";

// As many as a socket's own queue has room for by default.
constexpr std::size_t kMostOutgoing = 1000;

/// Messages on their way from any thread to the loop that sends them, in order, and not more than there is room for. It outlives
/// both.
class Outgoing : public std::enable_shared_from_this<Outgoing> {
 public:
  /// Who sends them. In the loop's thread but for requireSendable().
  class Outlet {
   public:
    /// Sends it without waiting; false, and the frame untouched, if that cannot be now: then it calls flush() when it may be.
    virtual bool trySend(const connection::Route& route, Frame& frame) = 0;

    /// What kept a message from being sent.
    virtual void unsent(const Error& error) noexcept = 0;

    /// Throws Error{tooLarge} for more bytes than may be sent, and for a route that leads nowhere. Any thread.
    virtual void requireSendable(const connection::Route& route, std::size_t bytes) = 0;

   protected:
    ~Outlet() = default;
  };

  /// The loop and the outlet live until close().
  Outgoing(ReactorLoop& loop, Outlet& outlet) : loop_(loop), outlet_(&outlet) {}

  // Any thread:

  /// False if there was no room by the deadline, for which the loop's own thread does not wait. Throws Error{stopping} after
  /// close(), and Error{tooLarge}.
  bool send(const connection::Route& route, Frame&& frame, const Deadline& deadline);

  /// How many are still to be sent.
  std::size_t count() const;

  // In the loop's thread:

  /// Sends what can be sent.
  void flush();

  /// Sends what can still be sent, and tells the outlet of the rest.
  void close() noexcept;

 private:
  struct Message {
    connection::Route route;
    Frame frame;
  };

  bool add(const connection::Route& route, Frame& frame);
  bool trySend(Message& message);
  void sendTaken();
  bool takeMore();
  void requireOpen() const;
  bool isLoopsThread() const;

  const ForkGuard fork_;
  ReactorLoop& loop_;
  Bell room_;

  mutable std::mutex mutex_;
  Outlet* outlet_;              // under mutex_; set to null in the loop's thread, or where that does not run
  std::deque<Message> coming_;  // under mutex_
  std::size_t count_ = 0;       // under mutex_: of those that are still to be sent
  bool isDue_ = false;          // under mutex_: flush() is on its way, or the outlet will call it

  // In the loop's thread.
  std::deque<Message> taken_;  // before those that come
  bool isFlushing_ = false;
};

}  // namespace dividere::detail
