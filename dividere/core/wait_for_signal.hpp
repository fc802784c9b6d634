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
/// Any thread may wait, and it matters to none which thread the signal comes to. Each of several that wait gets it. While
/// one waits, the process has handlers of this function for both signals, also if they were ignored, and that thread does not
/// block them. On return all is as it was before: while a program cleans up, a second Ctrl-C ends it, unless it has a handler of
/// its own. A child that is forked meanwhile, and does not wait itself, is ended by them, or as handled before.
///
/// Throws Error if the process has no descriptor left.
int waitForSignal();

/// Nothing if none came in time, or when the Interrupt was raised.
std::optional<int> waitForSignal(Timeout timeout);
std::optional<int> waitForSignal(Timeout timeout, const Interrupt& interrupt);

}  // namespace dividere
