#include "gate.hpp"

#include <exception>
#include <vector>

#include "transport.hpp"

namespace dividere::detail {

void Gate::isAt(const std::string& endpoint) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (endpoint_.empty()) endpoint_ = endpoint;
}

void Gate::onlyFor(const std::string& group) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    group_ = group;
  }
  recheck();
}

std::optional<std::string> Gate::admit(const std::string& key, const std::string& address) {
  std::string group, fault;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    group = group_;
  }
  std::optional<std::string> name = nameOf(key, group, fault);
  if (!name) {
    refused(key, address, group, fault);
    return std::nullopt;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  admitted_[key] = *name;
  revoked_.erase(key);
  hasRevoked_.store(!revoked_.empty(), std::memory_order_release);
  return name;
}

/// What Keys throws is a refusal, too.
std::optional<std::string> Gate::nameOf(const std::string& key, const std::string& group, std::string& fault) const
    try {
  return keys_->nameOf(key, group);
} catch (const std::exception& error) {
  fault = error.what();
  return std::nullopt;
} catch (...) {
  fault = "Keys threw something that is no std::exception";
  return std::nullopt;
}

void Gate::refused(const std::string& key, const std::string& address, const std::string& group,
                   const std::string& fault) {
  std::string where;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    where = endpoint_;
  }
  const std::string from = address.empty() ? "" : " from " + address;
  const std::string rule = group.empty() ? "authorized" : "authorized." + group;
  refusals_.log(
      LogLevel::warning, who_,
      where + ": refused the key " + key + from + ": " + (fault.empty() ? "it is not among those of " + rule : fault));
}

void Gate::recheck() {
  if (fork_.crossed()) return;
  std::map<std::string, bool> verdicts;
  std::string group;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    group = group_;
    for (const auto& [key, name] : admitted_) verdicts.emplace(key, false);
  }
  std::string fault;
  for (auto& [key, isAllowed] : verdicts) isAllowed = nameOf(key, group, fault).has_value();
  findRevoked(verdicts);
}

void Gate::findRevoked(const std::map<std::string, bool>& verdicts) {
  std::vector<std::string> lines;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, isAllowed] : verdicts) {
      if (isAllowed) revoked_.erase(key);
      if (isAllowed || !revoked_.insert(key).second) continue;
      lines.push_back(endpoint_ + ": " + admitted_[key] + " (key " + key + ") may not be here any more");
    }
    hasRevoked_.store(!revoked_.empty(), std::memory_order_release);
    for (auto it = connections_.begin(); it != connections_.end();) {
      const bool isOver = revoked_.count(it->second) > 0;
      if (isOver) cut(it->first, endpoint_);
      it = isOver ? connections_.erase(it) : std::next(it);
    }
  }
  for (const std::string& line : lines) log(LogLevel::warning, who_, line);
}

bool Gate::isRevoked(std::string_view key) {
  std::lock_guard<std::mutex> lock(mutex_);
  return revoked_.find(key) != revoked_.end();
}

void Gate::noteConnection(int descriptor, std::string_view key) {
  if (descriptor < 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  connections_[descriptor] = key;
  if (revoked_.find(key) != revoked_.end()) cut(descriptor, endpoint_);
}

}  // namespace dividere::detail
