// SPDX-License-Identifier: MIT

#include "survey.hpp"

#include <atomic>
#include <dividere/core/detail/text.hpp>
#include <dividere/registry/detail/own_address.hpp>
#include <set>
#include <thread>

#include "feed.hpp"

namespace tool {

using dividere::detail::ownAddresses;

constexpr std::size_t kAskedAtOnce = 32;

/// What is registered with this host's own address is asked over loopback: it tells that alone, unless told otherwise.
static std::string overLoopback(const std::string& endpoint, const std::set<std::string>& own) {
  const auto colon = endpoint.rfind(':');
  if (endpoint.rfind("tcp://", 0) != 0 || colon < 6) return endpoint;
  return own.count(endpoint.substr(6, colon - 6)) ? "tcp://127.0.0.1" + endpoint.substr(colon) : endpoint;
}

static void tidy(std::string& text) {
  text = dividere::detail::asUtf8(text);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  }
}

dividere::Description tidied(dividere::Description described) {
  for (auto* text : {&described.process, &described.host, &described.version, &described.libzmq, &described.protobuf,
                     &described.kind, &described.name}) {
    tidy(*text);
  }
  for (auto& method : described.methods) tidy(method.name), tidy(method.input), tidy(method.output);
  for (auto& type : described.types) tidy(type.name);
  for (auto& figure : described.statistics) tidy(figure.name), tidy(figure.endpoint);
  for (auto& each : described.connections) tidy(each.kind), tidy(each.name), tidy(each.endpoint);
  return described;
}

static std::optional<dividere::Description> askQuietly(const std::string& endpoint, std::chrono::milliseconds timeout,
                                                       const std::string& kind, const std::string& key,
                                                       const std::set<std::string>& own) {
  dividere::DescribeOptions options;
  options.kind = kind;
  options.socket.hostKey = key;
  try {
    auto told = dividere::describe(key.empty() ? overLoopback(endpoint, own) : endpoint, timeout, options);
    if (!told) return std::nullopt;
    return tidied(std::move(*told));
  } catch (const dividere::Error&) {
    return std::nullopt;
  }
}

std::optional<dividere::Description> describeQuietly(const std::string& endpoint, std::chrono::milliseconds timeout,
                                                     const std::string& kind, const std::string& key) {
  return askQuietly(endpoint, timeout, kind, key, ownAddresses());
}

Survey::Survey(const Common& common) : common_(common), registry_(common.registries()) {}

void addFigures(Seen& seen) {
  if (!seen.description) return;
  for (const auto& figure : seen.description->statistics)
    seen.figures[figure.name] += static_cast<double>(figure.value);
  for (const auto& each : seen.description->connections)
    seen.flows[each.endpoint] += static_cast<double>(each.messagesIn) + static_cast<double>(each.messagesOut);
}

static void describeOne(Seen& seen, std::chrono::milliseconds timeout, const std::set<std::string>& own) {
  using Clock = std::chrono::system_clock;
  const auto asked = Clock::now();
  seen.description = askQuietly(seen.endpoint, timeout, seen.address.kind, seen.address.key, own);
  const auto told = Clock::now();
  addFigures(seen);
  if (!seen.description || !seen.description->clock) return;
  const std::chrono::duration<double> uncertain = (told - asked) / 2;
  // In floating point: whatever a peer says, there is no overflow.
  const std::chrono::duration<double> there = seen.description->clock->time_since_epoch(),
                                      here = asked.time_since_epoch();
  seen.clock = ClockDifference{there - here - uncertain, uncertain};
}

void describe(Seen& seen, std::chrono::milliseconds timeout) { describeOne(seen, timeout, ownAddresses()); }

static void describeAll(std::vector<Seen>& all, std::chrono::milliseconds timeout) {
  const auto own = ownAddresses();
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) describeOne(all[i], timeout, own);
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
      seen.flowRates = ratesOf(seen.flows, before->second.flows, seconds);
    }
    latest[seen.endpoint] = {seen.description->pid, seen.figures, seen.flows, now};
  }
  former_ = std::move(latest);
}

}  // namespace tool
