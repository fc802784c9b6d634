#pragma once

#include <dividere.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "limit.hpp"

namespace support {

/// Takes the log as long as it lives.
class LogCapture {
 public:
  struct Line {
    dividere::LogLevel level;
    std::string component;
    std::string text;
  };

  explicit LogCapture(dividere::LogLevel least = dividere::LogLevel::debug) {
    dividere::setLogHandler(
        [seen = seen_](dividere::LogLevel level, std::string_view component, std::string_view text) {
          const std::lock_guard<std::mutex> lock(seen->mutex);
          seen->lines.push_back({level, std::string(component), std::string(text)});
          seen->changed.notify_all();
        },
        least);
  }
  ~LogCapture() { dividere::setLogHandler(nullptr); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// Waits for a line that contains `part`.
  bool wait(const std::string& part) const {
    std::unique_lock<std::mutex> lock(seen_->mutex);
    return seen_->changed.wait_for(lock, kLimit, [&] {
      for (const Line& line : seen_->lines) {
        if (line.text.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }

  /// The lines that contain `part`.
  std::vector<Line> lines(const std::string& part = "") const {
    const std::lock_guard<std::mutex> lock(seen_->mutex);
    std::vector<Line> found;
    for (const Line& line : seen_->lines) {
      if (line.text.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Line> lines;
  };
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

}  // namespace support
