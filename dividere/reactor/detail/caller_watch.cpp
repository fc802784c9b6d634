#include "caller_watch.hpp"

#include <algorithm>
#include <utility>

namespace dividere::detail {

// Those that have ended are looked for when there are so many, or twice as many as were left the last time.
constexpr std::size_t kFewFollowing = 64;

CallerWatch::CallerWatch(Socket& socket, ReactorLoop& loop, std::function<void()> news)
    : socket_(socket),
      news_(std::move(news)),
      ended_(loop, [this](const std::vector<int>& descriptors) { look(descriptors); }),
      forgetAt_(kFewFollowing) {
  socket_.onConnectionEnd([this](int descriptor) {
    ended_.add(descriptor);
    if (news_) news_();
  });
}

CallerWatch::~CallerWatch() { socket_.onConnectionEnd(nullptr); }

// It is found before it has a connection: what ends from then on is not missed. The end of the first one's may have been told
// a moment ago, when nobody listened.
void CallerWatch::follow(const std::shared_ptr<CallControl>& control, const Frame& message) {
  bool isFirst;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (following_.size() >= forgetAt_) forgetEnded();
    following_[control.get()] = control;
    isFirst = std::exchange(isNew_, false);
  }
  const LiveConnection caller(message);
  control->follow(caller);
  if (isFirst) ended_.add(caller.descriptor());
}

/// Under mutex_.
void CallerWatch::forgetEnded() {
  for (auto each = following_.begin(); each != following_.end();) {
    each = each->second.expired() ? following_.erase(each) : std::next(each);
  }
  forgetAt_ = std::max(kFewFollowing, 2 * following_.size());
}

void CallerWatch::look(const std::vector<int>& descriptors) {
  for (const auto& control : all()) control->runHook(control->markIfGone(descriptors));
}

CallerWatch::Controls CallerWatch::all() {
  Controls controls;
  std::lock_guard<std::mutex> lock(mutex_);
  controls.reserve(following_.size());
  for (const auto& [key, weak] : following_) {
    if (auto control = weak.lock()) controls.push_back(std::move(control));
  }
  return controls;
}

}  // namespace dividere::detail
