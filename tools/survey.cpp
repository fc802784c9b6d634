// SPDX-License-Identifier: MIT

#include "survey.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <atomic>
#include <thread>

#include "feed.hpp"

namespace tool {

constexpr std::size_t kAskedAtOnce = 32;

/// Whether one of this host's interfaces has this IPv4 address.
static bool isOwnAddress(const std::string& host) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  bool isOwn = false;
  for (const ifaddrs* each = all; each && !isOwn; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
    isOwn = host == text;
  }
  ::freeifaddrs(all);
  return isOwn;
}

/// What is registered with this host's own address is asked over loopback: it tells that alone, unless told otherwise.
static std::string overLoopback(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  if (endpoint.rfind("tcp://", 0) != 0 || colon < 6) return endpoint;
  return isOwnAddress(endpoint.substr(6, colon - 6)) ? "tcp://127.0.0.1" + endpoint.substr(colon) : endpoint;
}

std::optional<dividere::Description> describeQuietly(const std::string& endpoint, std::chrono::milliseconds timeout,
                                                     const std::string& kind, const std::string& key) {
  dividere::DescribeOptions options;
  options.kind = kind;
  options.socket.hostKey = key;
  try {
    return dividere::describe(key.empty() ? overLoopback(endpoint) : endpoint, timeout, options);
  } catch (const dividere::Error&) {
    return std::nullopt;
  }
}

Survey::Survey(const Common& common) : common_(common), registry_(common.registries()) {}

static void describeOne(Seen& seen, std::chrono::milliseconds timeout) {
  seen.description = describeQuietly(seen.endpoint, timeout, seen.address.kind, seen.address.key);
  if (!seen.description) return;
  for (const auto& figure : seen.description->statistics)
    seen.figures[figure.name] += static_cast<double>(figure.value);
}

static void describeAll(std::vector<Seen>& all, std::chrono::milliseconds timeout) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) describeOne(all[i], timeout);
  };
  std::vector<std::thread> workers(std::min(kAskedAtOnce, all.size()));
  for (auto& worker : workers) worker = std::thread(work);
  for (auto& worker : workers) worker.join();
}

std::vector<Seen> Survey::look(const std::string& pattern, std::chrono::milliseconds timeout) {
  std::vector<Seen> all;
  for (auto& address : registry_.instances(pattern, common_.timeout())) {
    all.push_back({});
    all.back().endpoint = endpointOf(address);
    all.back().address = std::move(address);
  }
  describeAll(all, timeout);
  compare(all);
  return all;
}

/// How fast each figure has grown in `seconds`.
static std::map<std::string, double> ratesOf(const std::map<std::string, double>& figures,
                                             const std::map<std::string, double>& before, double seconds) {
  std::map<std::string, double> rates;
  for (const auto& [name, value] : figures) {
    const auto former = before.find(name);
    const double grown = former == before.end() ? value : value - former->second;
    if (seconds > 0 && grown > 0) rates[name] = grown / seconds;
  }
  return rates;
}

void Survey::compare(std::vector<Seen>& all) {
  const auto now = Clock::now();
  std::map<std::string, Former> latest;
  for (auto& seen : all) {
    const auto before = former_.find(seen.endpoint);
    if (!seen.description) {
      if (before != former_.end()) latest.insert(*before);
      continue;
    }
    if (before != former_.end() && before->second.pid == seen.description->pid) {
      const double seconds = std::chrono::duration<double>(now - before->second.when).count();
      seen.rates = ratesOf(seen.figures, before->second.figures, seconds);
    }
    latest[seen.endpoint] = {seen.description->pid, seen.figures, now};
  }
  former_ = std::move(latest);
}

}  // namespace tool
