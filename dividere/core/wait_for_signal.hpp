#pragma once

// How a program that runs until it is told to end waits for that.

#include <optional>

#include "interrupt.hpp"
#include "timeout.hpp"

namespace dividere {

/// Waits until SIGINT (Ctrl-C) or SIGTERM comes, and returns its number:
///
///     service.start();
///     dividere::waitForSignal();
///     service.stop();
///
/// Any thread may wait; each of several that wait gets the signal, whichever thread it comes to. While one waits, this function
/// handles both signals in the process, also if they were ignored, and the waiting thread does not block them. On return all is
/// as it was before: a second Ctrl-C ends a program that is still cleaning up, unless it has a handler of its own. In a child that
/// is forked meanwhile, and does not wait itself, the signals do what they did before.
///
/// Throws Error if the process has no descriptor left.
int waitForSignal();

/// Nothing if none came in time, or when the Interrupt was raised.
std::optional<int> waitForSignal(Timeout timeout);
std::optional<int> waitForSignal(Timeout timeout, const Interrupt& interrupt);

}  // namespace dividere
