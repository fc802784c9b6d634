#pragma once

// What a reactor's loop takes messages from.

#include "../../connection/detail/socket.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

/// A socket with messages to be taken. All in the loop's thread.
class Source {
 public:
  virtual ~Source() = default;

  /// Throws Error{movedFrom} or Error{otherProcess} if it cannot be used.
  virtual Socket& socket() = 0;

  /// Whether there is a message to take, without waiting for one.
  virtual bool hasMessage() = 0;

  /// Takes the next message and does with it whatever this source is for.
  virtual void take() = 0;

  /// hasMessage() or take() threw this. Whether that is dealt with; if not, the loop tells its owner.
  virtual bool failed(const Error& error) noexcept {
    static_cast<void>(error);
    return false;
  }

 private:
  friend class ReactorLoop;
  bool isActive_ = false;  // may have messages though its socket gives no signal
};

}  // namespace dividere::detail
