#pragma once

// What the library does so that fork() stays safe.

#include <atomic>
#include <mutex>

namespace dividere::detail {

// A counter instead of a getpid() in every call: getpid() is a system call.
extern std::atomic<unsigned> currentForkGeneration;

/// How many forks lie between this process and the first of its line that used the library. An object
/// remembers the generation it was made in: a different one now means it belongs to an ancestor.
inline unsigned forkGeneration() noexcept { return currentForkGeneration.load(std::memory_order_relaxed); }

/// Guards the few things that are process-wide (the log's handler, held ports, the context). fork() waits
/// for it, so that a child never inherits it locked. Hold it briefly, and never while user code runs.
std::mutex& processMutex();

}  // namespace dividere::detail
