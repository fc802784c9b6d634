#pragma once

#include <functional>
#include <string_view>

namespace dividere {

enum class LogLevel { debug, info, warning, error, off };

/// Receives a line of the log: its level, who says it ("connection::Publisher") and the text.
/// Called in whichever thread has something to say, several at once if need be; must not throw (what it
/// throws is dropped). No lock of the library is held meanwhile.
using LogHandler = std::function<void(LogLevel level, std::string_view component, std::string_view text)>;

/// Sends every line of `least` or above to `handler`, in place of stderr; an empty one brings stderr back.
/// Any thread, any time. A call under way in another thread may still reach the former handler.
///
/// Without a handler, warnings and errors go to stderr; the environment variable DIVIDERE_LOG (debug, info,
/// warning, error, off) says otherwise.
void setLogHandler(LogHandler handler, LogLevel least = LogLevel::debug);

}  // namespace dividere
