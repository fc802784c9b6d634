#pragma once

#include <optional>

#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"

namespace dividere::messaging {

/// Receiving messages of a type that one knows: the same for all sockets of this layer that receive.
template <class Receiver>
class Receiving {
 public:
  /// The next message as a T, without its route if it has one. Throws Error{wrongType} if it is of another type.
  template <class T>
  T recv() {
    T message;
    receiver().receiveInto(message, nullptr);
    return message;
  }

  /// Nothing if none came in time.
  template <class T>
  std::optional<T> recv(Timeout timeout) {
    return receiveAs<T>(timeout, nullptr);
  }

  /// Into a message that is reused: nothing is allocated if its fields fit.
  template <class T>
  void recvInto(T& reused) {
    receiver().receiveInto(reused, nullptr);
  }

  /// False, and the message untouched, if none came in time.
  template <class T>
  bool recvInto(T& reused, Timeout timeout) {
    return receiver().receiveInto(reused, &timeout);
  }

  // Once the Interrupt is raised, these do as at their time-out.

  template <class T>
  std::optional<T> recv(Timeout timeout, const Interrupt& interrupt) {
    return receiveAs<T>(timeout, &interrupt);
  }
  template <class T>
  bool recvInto(T& reused, Timeout timeout, const Interrupt& interrupt) {
    return receiver().receiveInto(reused, &timeout, &interrupt);
  }

 protected:
  Receiving() = default;
  ~Receiving() = default;
  Receiving(const Receiving&) = default;
  Receiving& operator=(const Receiving&) = default;

 private:
  Receiver& receiver() { return static_cast<Receiver&>(*this); }

  template <class T>
  std::optional<T> receiveAs(const Timeout& timeout, const Interrupt* interrupt) {
    std::optional<T> message(std::in_place);
    if (!receiver().receiveInto(*message, &timeout, interrupt)) message.reset();
    return message;
  }
};

}  // namespace dividere::messaging
