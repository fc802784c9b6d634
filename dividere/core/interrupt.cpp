#include "interrupt.hpp"

#include <cerrno>

#include "detail/interrupt_list.hpp"
#include "detail/waker.hpp"

namespace dividere {

// The eventfd alone says whether it is raised: a flag beside it could say otherwise when two threads raise and reset it.

Interrupt::Interrupt() : fd_(detail::Waker::open()) { detail::InterruptList::add(*this); }

Interrupt::~Interrupt() {
  onStop_.reset();
  detail::InterruptList::remove(*this);
}

void Interrupt::raise() noexcept {
  const int error = errno;
  detail::Waker::wake(fd_);
  errno = error;
}

void Interrupt::reset() noexcept { detail::Waker::drain(fd_); }

bool Interrupt::isRaised() const noexcept { return detail::Waker::isReadable(fd_); }

}  // namespace dividere
