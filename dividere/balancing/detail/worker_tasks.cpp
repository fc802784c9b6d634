#include "worker_tasks.hpp"

#include <algorithm>

namespace dividere::detail {

void WorkerTasks::add(WorkerTask&& task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_[task.line].push_back(std::move(task));
  }
  changed_.notify_one();
}

void WorkerTasks::clear(std::size_t line) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_[line].clear();
}

std::optional<WorkerTask> WorkerTasks::take(std::size_t line, std::string_view token) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto& queue = waiting_[line];
  const auto found = std::find_if(queue.begin(), queue.end(),
                                  [&](const WorkerTask& task) { return task.route.front().view() == token; });
  if (found == queue.end()) return std::nullopt;
  std::optional<WorkerTask> taken(std::move(*found));
  queue.erase(found);
  return taken;
}

/// Under mutex_.
bool WorkerTasks::isRunning(std::size_t line, std::string_view token) const {
  return isHandling_ && turn_ == line && running_ == token;
}

// What is marked, or given credit, under the lock is no other task meanwhile.
bool WorkerTasks::cancelRunning(std::size_t line, std::string_view token) {
  std::shared_ptr<CallControl> control;
  CallControl::Hook hook;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!isRunning(line, token)) return false;
    control = control_;
    hook = control->markCancelled();
  }
  control->runHook(hook);
  return true;
}

bool WorkerTasks::addCredit(std::size_t line, std::string_view token, std::uint32_t parts) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!isRunning(line, token)) return false;
  control_->addCredit(parts);
  return true;
}

void WorkerTasks::cutOffRunning(std::size_t line) {
  std::shared_ptr<CallControl> control;
  CallControl::Hook hook;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!isHandling_ || turn_ != line) return;
    control = control_;
    hook = control->markCutOff();
  }
  control->runHook(hook);
}

void WorkerTasks::leaveControl() {
  auto fresh = std::make_shared<CallControl>();
  std::lock_guard<std::mutex> lock(mutex_);
  if (hasEnded_) fresh->stopWaiting();
  control_ = std::move(fresh);
  isHandling_ = false;
}

std::optional<WorkerTask> WorkerTasks::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  isHandling_ = false;
  changed_.wait(lock, [this] { return hasEnded_ || findNext(); });
  if (hasEnded_) return std::nullopt;
  isHandling_ = true;
  auto& queue = waiting_[turn_];
  std::optional<WorkerTask> task(std::move(queue.front()));
  queue.pop_front();
  running_ = task->route.front().view();
  control_->reset();
  return task;
}

/// The turn goes on to the next line that has something. Whether there is one.
bool WorkerTasks::findNext() {
  for (std::size_t i = 1; i <= waiting_.size(); ++i) {
    const std::size_t line = (turn_ + i) % waiting_.size();
    if (waiting_[line].empty()) continue;
    turn_ = line;
    return true;
  }
  return false;
}

void WorkerTasks::end() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hasEnded_ = true;
    control_->stopWaiting();
  }
  changed_.notify_all();
}

bool WorkerTasks::isIdle(std::size_t line) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !(isHandling_ && turn_ == line) && waiting_[line].empty();
}

}  // namespace dividere::detail
