#include "ended_connections.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dividere::detail {

// When to look, in milliseconds after the end. The last ones are for a machine so busy that libzmq's thread has to wait.
constexpr int kLooks[] = {0, 1, 2, 5, 10, 20, 50, 200, 1000, 2000};

EndedConnections::EndedConnections(ReactorLoop& loop, std::function<void(const std::vector<int>&)> look)
    : loop_(loop), look_(std::move(look)), alarm_(loop, [this] { lookAtDue(); }) {}

EndedConnections::Clock::time_point EndedConnections::Ended::due() const {
  return when + std::chrono::milliseconds(kLooks[looks]);
}

void EndedConnections::add(int descriptor) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    news_.push_back(descriptor);
    if (news_.size() > 1) return;  // the loop has been told
  }
  loop_.post([this] { takeNews(); });
}

bool EndedConnections::hasNews() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !news_.empty();
}

EndedConnections::Clock::time_point EndedConnections::nextLook() const {
  auto next = Clock::time_point::max();
  for (const auto& [descriptor, ended] : ended_) next = std::min(next, ended.due());
  return next;
}

void EndedConnections::takeNews() {
  std::vector<int> news;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    news.swap(news_);
  }
  const auto now = Clock::now();
  for (const int descriptor : news) ended_[descriptor] = Ended{now};
  lookAtDue();
}

void EndedConnections::lookAtDue() {
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  std::vector<int> due;
  for (auto each = ended_.begin(); each != ended_.end();) {
    auto& [descriptor, ended] = *each;
    const bool isDue = ended.due() <= now;
    if (isDue) due.push_back(descriptor);
    if (isDue && ++ended.looks == std::size(kLooks)) {
      each = ended_.erase(each);
      continue;
    }
    next = std::min(next, ended.due());
    ++each;
  }
  if (next != Clock::time_point::max()) alarm_.set(next);
  if (!due.empty()) look_(due);
}

}  // namespace dividere::detail
