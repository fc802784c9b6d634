#pragma once

#include <functional>
#include <string_view>

namespace dividere {

enum class LogLevel { debug, info, warning, error, off };

/// Receives one line of the log: its level, who wrote it ("connection::Publisher") and the text.
///
/// Called in the thread that logs, so several threads may call it at once. The library holds no lock meanwhile. What
/// it throws is dropped. A stop() inside it asks for the end and does not wait for it.
using LogHandler = std::function<void(LogLevel level, std::string_view component, std::string_view text)>;

/// Sends every line of level `least` or above to `handler` instead of stderr. An empty handler brings stderr back.
/// Any thread, any time. A line that another thread is writing right now may still reach the former handler.
///
/// Without a handler, warnings and errors go to stderr. The environment variable DIVIDERE_LOG (debug, info, warning,
/// error, off) sets another level. Further words in it, separated by commas, have lines say more: `time` (UTC) and `process`
/// in front of those on stderr, `socket` which of several sockets of a class it is ("connection::Subscriber#7", or with the
/// name that its options give).
void setLogHandler(LogHandler handler, LogLevel least = LogLevel::debug);

}  // namespace dividere
