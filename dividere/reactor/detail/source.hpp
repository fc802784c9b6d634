#pragma once

// What a reactor's loop takes messages from.

#include <memory>

#include "../../connection/detail/socket.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

class Outgoing;
class ReactorLoop;

/// A socket with messages to be taken. All in the loop's thread.
class Source : public Poller {
 public:
  virtual ~Source() = default;

  /// Throws Error{movedFrom} or Error{otherProcess} if it cannot be used.
  virtual Socket& socket() = 0;

  /// Whether there is a message to take, without waiting for one. One that wants none at the moment says no after
  /// Socket::decline(), and calls lookAgain() when it does.
  virtual bool hasMessage() = 0;

  // How the loop learns that there may be a message: as the socket tells it, unless somebody else uses that, too.

  virtual int descriptor() { return socket().descriptor(); }
  virtual bool mayHaveMessage() { return socket().mayHaveMessage(); }

  /// Has the socket tell the loop what its descriptor does not, and wake `loop` when attend() is due.
  virtual void join(int loop) {
    socket().setPoller(this);
    socket().wakeWith(loop);
  }
  virtual void attend() { socket().attend(); }

  /// When it is to have a turn though nothing gives a signal. Asked after hasMessage() has said no.
  virtual Deadline::Clock::time_point due() { return Deadline::Clock::time_point::max(); }

  /// Takes the next message and does with it whatever this source is for.
  virtual void take() = 0;

  /// take() threw this. Whether that is dealt with; if not, the loop tells its owner.
  virtual bool failed(const Error& error) noexcept {
    static_cast<void>(error);
    return false;
  }

  /// The way for other threads to send by its socket. Any thread, while the loop keeps this source. Throws Error{outOfTurn} if it
  /// sends nothing but replies.
  virtual std::shared_ptr<Outgoing> outgoing(ReactorLoop& loop) {
    static_cast<void>(loop);
    throw Error(Errc::outOfTurn, socket().who() + ": sender: this socket sends nothing unasked");
  }

  /// Has the loop, if one has it, give it a turn though its socket gives no signal.
  void lookAgain() final;

 protected:
  /// The loop that has it; null before.
  ReactorLoop* loop() const { return loop_; }

 private:
  friend class LoopTurns;
  friend class ReactorLoop;
  ReactorLoop* loop_ = nullptr;
  bool isActive_ = false;  // it will have a turn, whether its socket gives a signal or not
  bool hasTurn_ = false;
  Deadline::Clock::time_point alarm_ = Deadline::Clock::time_point::max();  // a timer is set for then
};

}  // namespace dividere::detail
