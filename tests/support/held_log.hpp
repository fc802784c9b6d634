#pragma once

#include <dividere.hpp>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "limit.hpp"

namespace support {

/// Takes the log, and keeps whoever logs a line with `held` in it until the test lets go.
class HeldLog {
 public:
  explicit HeldLog(std::string held) {
    dividere::setLogHandler(
        [state = state_, held = std::move(held)](dividere::LogLevel, std::string_view component,
                                                 std::string_view text) {
          std::unique_lock<std::mutex> lock(state->mutex);
          state->lines.push_back(std::string(component).append(": ").append(text));
          state->changed.notify_all();
          if (text.find(held) != std::string_view::npos) state->changed.wait(lock, [&] { return state->released; });
        },
        dividere::LogLevel::debug);
  }
  ~HeldLog() {
    release();
    dividere::setLogHandler(nullptr);
  }
  HeldLog(const HeldLog&) = delete;
  HeldLog& operator=(const HeldLog&) = delete;

  void release() {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->released = true;
    state_->changed.notify_all();
  }

  /// Waits for so many lines that contain `part`.
  bool wait(const std::string& part, int count = 1) const {
    std::unique_lock<std::mutex> lock(state_->mutex);
    return state_->changed.wait_for(lock, kLimit, [&] {
      return count <= std::count_if(state_->lines.begin(), state_->lines.end(),
                                    [&](const std::string& line) { return line.find(part) != std::string::npos; });
    });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> lines;
    bool released = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace support
