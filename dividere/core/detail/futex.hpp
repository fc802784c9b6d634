#pragma once

// How a thread sleeps on a word in memory: without a descriptor, and with nothing that a forked child must not destroy.

#include <atomic>
#include <cstdint>

#include "deadline.hpp"

namespace dividere::detail {

using FutexWord = std::atomic<std::uint32_t>;

/// Sleeps while the word is `value`, or until a deadline that may pass a little later; may return for no reason.
void sleepWhile(const FutexWord& word, std::uint32_t value, const Deadline& deadline) noexcept;

/// Wakes all threads of this process that sleep on the word. Change it before.
void wakeSleepers(const FutexWord& word) noexcept;

}  // namespace dividere::detail
