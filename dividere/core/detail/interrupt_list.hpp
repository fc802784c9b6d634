#pragma once

// All Interrupts of the process, for the sake of fork().

#include "../interrupt.hpp"

namespace dividere::detail {

/// An eventfd that a child inherits is one with the parent's: raised in one of them, it would be raised in both. A child
/// gets others in their place, under the same numbers.
class InterruptList {
 public:
  static void add(Interrupt& interrupt);

  /// Closes its descriptor.
  static void remove(Interrupt& interrupt) noexcept;

  /// In a child, at the fork(), with processMutex() held.
  static void renewAll() noexcept;

 private:
  static void renew(const Interrupt& interrupt) noexcept;

  inline static Interrupt* first_ = nullptr;  // under processMutex()
};

}  // namespace dividere::detail
