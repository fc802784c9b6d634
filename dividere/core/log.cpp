#include "log.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>

#include "detail/fork.hpp"
#include "detail/log_line.hpp"
#include "detail/never_destroyed.hpp"
#include "detail/text.hpp"
#include "detail/thread.hpp"

namespace dividere::detail {

static const char* levelName(LogLevel level) {
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error", "off"};
  return kNames[static_cast<int>(level)];
}

/// What DIVIDERE_LOG says, as in "info,time,socket".
struct LogWishes {
  LogLevel level = LogLevel::warning;
  bool time = false, process = false, socket = false;

  static LogWishes fromEnvironment() {
    LogWishes wishes;
    const char* const text = std::getenv("DIVIDERE_LOG");
    for (std::string_view rest = text ? text : ""; !rest.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      wishes.read(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return wishes;
  }

 private:
  void read(std::string_view word) {
    for (LogLevel each : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
      if (word == levelName(each)) level = each;
    }
    time = time || word == "time";
    process = process || word == "process";
    socket = socket || word == "socket";
  }
};

struct LogTarget {
  const LogWishes wishes = LogWishes::fromEnvironment();
  std::atomic<LogLevel> least{wishes.level};
  std::shared_ptr<const LogHandler> handler;  // under processMutex()
};

static LogTarget& logTarget() {
  static NeverDestroyed<LogTarget> target;
  return *target;
}

/// "2026-02-28T12:30:00.123Z "
static std::string timeNow() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ ", static_cast<int>(now.tv_nsec / 1000000));
  return text;
}

static void writeToStderr(LogLevel level, std::string_view component, std::string_view text) {
  const LogWishes& wishes = logTarget().wishes;
  std::string line = (wishes.time ? timeNow() : std::string()) + "dividere";
  if (wishes.process) line += "[" + std::to_string(::getpid()) + "]";
  line.append(" ").append(levelName(level)).append(": ").append(component).append(": ").append(text).append("\n");
  // One write(), no stdio: lines of several threads stay whole, and no stream lock is there to inherit by fork().
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

std::string socketInLog(std::string_view who, std::string_view name) {
  static std::atomic<std::uint64_t> count{0};
  const std::uint64_t number = ++count;
  std::string signature(who);
  if (!logTarget().wishes.socket) return signature;
  if (!name.empty()) return signature.append(" '").append(shown(name)).append("'");
  return signature.append("#").append(std::to_string(number));
}

bool logs(LogLevel level) noexcept { return level >= logTarget().least.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view component, std::string_view text) noexcept try {
  if (!logs(level)) return;
  if (text.size() > kLongestText) return log(level, component, cut(text));
  std::shared_ptr<const LogHandler> handler;
  {
    std::lock_guard<std::mutex> lock(processMutex());
    handler = logTarget().handler;
  }
  if (handler) {
    const CallbackScope scope;  // the handler may stop the very object that logs
    (*handler)(level, component, text);
  } else {
    writeToStderr(level, component, text);
  }
} catch (...) {
  // A log that throws must not end the thread that had something to say.
}

void RateLimit::log(LogLevel level, std::string_view component, std::string_view text) noexcept {
  using namespace std::chrono;
  const auto nowMs = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  auto next = nextMs_.load(std::memory_order_relaxed);
  const auto after = std::max(next, nowMs) + 1000;
  if (nowMs + aheadMs_ < next || !nextMs_.compare_exchange_strong(next, after, std::memory_order_relaxed)) {
    heldBack_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::uint64_t heldBack = heldBack_.exchange(0, std::memory_order_relaxed);
  if (heldBack == 0) {
    detail::log(level, component, text);
  } else {
    detail::log(level, component, std::string(text) + " (and " + std::to_string(heldBack) + " like it)");
  }
}

}  // namespace dividere::detail

namespace dividere {

void setLogHandler(LogHandler handler, LogLevel least) {
  auto& target = detail::logTarget();
  auto shared = handler ? std::make_shared<const LogHandler>(std::move(handler)) : nullptr;
  std::lock_guard<std::mutex> lock(detail::processMutex());
  target.least.store(shared ? least : target.wishes.level, std::memory_order_relaxed);
  target.handler.swap(shared);  // the former one is destroyed by the caller, after the lock is gone
}

}  // namespace dividere
