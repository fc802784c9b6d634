#include "describe_round.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "../../core/detail/thread.hpp"
#include "../../reactor/detail/remaining.hpp"

namespace dividere::detail {

// Each takes a thread and a connection meanwhile.
constexpr std::size_t kMostAskedAtOnce = 32;

DescribeRound::DescribeRound(std::vector<registry::ServiceAddress> addresses, const Deadline& deadline)
    : deadline_(deadline) {
  all_.reserve(addresses.size());
  for (auto& each : addresses) all_.push_back({std::move(each), {}, {}});
}

std::vector<registry::Described> DescribeRound::run() {
  const std::size_t wanted = std::min(all_.size(), kMostAskedAtOnce);
  std::vector<std::thread> helpers;
  helpers.reserve(wanted);
  try {
    while (helpers.size() + 1 < wanted) helpers.push_back(startThread("dividere-ask", [this] { askRest(); }));
  } catch (const std::exception&) {
    // No more threads: those that are there do it.
  }
  askRest();
  for (std::thread& each : helpers) each.join();
  return std::move(all_);
}

void DescribeRound::askRest() noexcept {
  for (std::size_t i = next_++; i < all_.size(); i = next_++) {
    try {
      ask(all_[i]);
    } catch (const std::exception& error) {
      all_[i].fault = error.what();
    }
  }
}

/// Other words than these may be of anything.
static std::string kindToAsk(const std::string& kind) {
  for (const char* known : {"service", "publisher", "broker", "registry"}) {
    if (kind == known) return kind;
  }
  return {};
}

// Without keys, what is on this host tells it over loopback alone.
void DescribeRound::ask(registry::Described& asked) const {
  const registry::ServiceAddress& address = asked.address;
  DescribeOptions options;
  options.kind = kindToAsk(address.kind);
  options.socket.host = address.name;
  options.socket.hostKey = address.key;
  const bool isHere = address.key.empty() && own_.count(address.server) > 0;
  const std::string endpoint = tcpEndpoint(isHere ? "127.0.0.1" : address.server, address.port);
  asked.description = dividere::describe(endpoint, remainingUntil(deadline_), options);
}

}  // namespace dividere::detail
