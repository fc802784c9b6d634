#include "worker_tasks.hpp"

#include <utility>

namespace dividere::detail {

void WorkerTasks::add(WorkerTask&& task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void WorkerTasks::clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.clear();
}

std::optional<WorkerTask> WorkerTasks::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  isHandling_ = false;
  changed_.wait(lock, [this] { return hasEnded_ || !waiting_.empty(); });
  if (hasEnded_) return std::nullopt;
  isHandling_ = true;
  std::optional<WorkerTask> task(std::move(waiting_.front()));
  waiting_.pop_front();
  return task;
}

void WorkerTasks::end() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hasEnded_ = true;
  }
  changed_.notify_all();
}

bool WorkerTasks::isIdle() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !isHandling_ && waiting_.empty();
}

}  // namespace dividere::detail
