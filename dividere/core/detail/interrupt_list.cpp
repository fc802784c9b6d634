#include "interrupt_list.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <mutex>

#include "fork.hpp"
#include "waker.hpp"

namespace dividere::detail {

void InterruptList::add(Interrupt& interrupt) {
  std::lock_guard<std::mutex> lock(processMutex());
  interrupt.next_ = first_;
  if (first_) first_->before_ = &interrupt;
  first_ = &interrupt;
}

void InterruptList::remove(Interrupt& interrupt) noexcept {
  std::lock_guard<std::mutex> lock(processMutex());
  (interrupt.before_ ? interrupt.before_->next_ : first_) = interrupt.next_;
  if (interrupt.next_) interrupt.next_->before_ = interrupt.before_;
  ::close(interrupt.fd_);  // under the lock: no fork() lies between, after which the number may be another file's
}

void InterruptList::renewAll() noexcept {
  for (const Interrupt* each = first_; each; each = each->next_) renew(*each);
}

// At once, as a signal handler may raise it meanwhile.
void InterruptList::renew(const Interrupt& interrupt) noexcept {
  const int fresh = Waker::tryOpen(interrupt.isRaised());
  if (fresh < 0) return;  // no descriptor is left: it stays the parent's
  ::dup3(fresh, interrupt.fd_, O_CLOEXEC);
  ::close(fresh);
}

}  // namespace dividere::detail
