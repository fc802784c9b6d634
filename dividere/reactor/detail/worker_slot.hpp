#pragma once

// One worker process after the other, in one place.

#include <chrono>

#include "../../core/detail/deadline.hpp"
#include "worker_process.hpp"

namespace dividere::detail {

/// Knows when the next process is to be started, and whether they keep failing. Starts and ends nothing by itself.
class WorkerSlot {
 public:
  using Clock = Deadline::Clock;
  enum class State { pausing, starting, running, givenUp };

  State state() const { return state_; }
  bool isRunning() const { return state_ == State::running; }
  bool isGivenUp() const { return state_ == State::givenUp; }

  WorkerProcess process;

  /// When there is something to do here, if nothing comes before: a start, or the end of patience with a setup.
  Deadline nextDue() const;

  bool isToBeStarted() const { return state_ == State::pausing && due_.passed(); }

  /// Whether its process has been setting up for too long. True once.
  bool isOverdue();

  // What has happened:

  void started(std::chrono::milliseconds startLimit);
  void becameReady();

  /// It could not even be started.
  void failedToStart();

  /// Its process has ended. Whether there is to be another, given that so many crashes in a row are allowed: see
  /// startAgain() and giveUp().
  bool ended(int crashLimit);

  /// After pause().
  void startAgain();
  void giveUp() { state_ = State::givenUp; }

  std::chrono::milliseconds pause() const;

 private:
  State state_ = State::pausing;
  Deadline due_ = Deadline::longAgo();  // of what nextDue() says
  Clock::time_point readySince_{};
  bool wasOverdue_ = false;
  int crashes_ = 0;  // in a row
};

}  // namespace dividere::detail
