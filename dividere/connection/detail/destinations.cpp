#include "destinations.hpp"

#include "watch.hpp"

namespace dividere::detail {

void Destinations::add(const std::string& endpoint, const std::string& name) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (endpoints_.emplace(endpoint, name).second) changed();
}

void Destinations::remove(const std::string& endpoint) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (endpoints_.erase(endpoint) > 0) changed();
}

void Destinations::attach(const std::shared_ptr<Watch>& watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  watch_ = watch;
  if (isChanged_) watch_->wakeOwner();
}

void Destinations::changed() {
  isChanged_ = true;
  if (watch_) watch_->wakeOwner();
}

bool Destinations::take(std::map<std::string, std::string>& endpoints) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!isChanged_) return false;
  isChanged_ = false;
  endpoints = endpoints_;
  return true;
}

}  // namespace dividere::detail
