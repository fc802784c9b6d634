#include "log.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
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

static LogLevel levelFromEnvironment() {
  const char* wanted = std::getenv("DIVIDERE_LOG");
  for (LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    if (wanted && std::string_view(wanted) == levelName(level)) return level;
  }
  return LogLevel::warning;
}

struct LogTarget {
  const LogLevel environment = levelFromEnvironment();
  std::atomic<LogLevel> least{environment};
  std::shared_ptr<const LogHandler> handler;  // under processMutex()
};

static LogTarget& logTarget() {
  static NeverDestroyed<LogTarget> target;
  return *target;
}

static void writeToStderr(LogLevel level, std::string_view component, std::string_view text) {
  std::string line = "dividere ";
  line.append(levelName(level)).append(": ").append(component).append(": ").append(text).append("\n");
  // One write(), no stdio: lines of several threads stay whole, and no stream lock is there to inherit by fork().
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
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
  target.least.store(shared ? least : target.environment, std::memory_order_relaxed);
  target.handler.swap(shared);  // the former one is destroyed by the caller, after the lock is gone
}

}  // namespace dividere
