#pragma once

#include <dividere.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// Calls a function with each line of the log that contains `part`, in the thread that logs it.
class LogHook {
 public:
  LogHook(std::string part, std::function<void()> function) {
    dividere::setLogHandler([part = std::move(part), function = std::move(function)](
                                dividere::LogLevel, std::string_view, std::string_view text) {
      if (text.find(part) != std::string_view::npos) function();
    });
  }
  ~LogHook() { dividere::setLogHandler(nullptr); }
  LogHook(const LogHook&) = delete;
  LogHook& operator=(const LogHook&) = delete;
};

}  // namespace support
