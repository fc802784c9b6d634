#pragma once

// Asks many endpoints at once what they are.

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../client.hpp"
#include "own_address.hpp"

namespace dividere::detail {

/// One round of questions, each over a connection of its own. One thread.
class DescribeRound {
 public:
  DescribeRound(std::vector<registry::ServiceAddress> addresses, const Deadline& deadline);

  /// Returns when all have replied, or the deadline has passed.
  std::vector<registry::Described> run();

 private:
  void askRest() noexcept;
  void ask(registry::Described& asked) const;

  const Deadline deadline_;
  const std::set<std::string> own_ = ownAddresses();
  std::vector<registry::Described> all_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace dividere::detail
