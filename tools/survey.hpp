// A look at all that is registered: what each says of itself, and how fast its figures grow.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"

namespace tool {

/// What an endpoint says of itself; nothing if it does not, as Python programs do not. Never throws.
std::optional<dividere::Description> describeQuietly(const std::string& endpoint, std::chrono::milliseconds timeout,
                                                     const std::string& kind = "", const std::string& key = "");

struct Seen {
  dividere::registry::ServiceAddress address;
  std::string endpoint;
  std::optional<dividere::Description> description;
  std::map<std::string, double> figures;  // of all its sockets, by the name of the statistic
  std::map<std::string, double> rates;    // the same a second, since it last spoke
};

/// Looks again and again; what each says is compared with what it said last. Belongs to one thread.
class Survey {
 public:
  explicit Survey(const Common& common);

  /// All that matches the pattern now, by name. What does not describe itself in time is there without a description.
  std::vector<Seen> look(const std::string& pattern, std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  struct Former {
    std::uint32_t pid;
    std::map<std::string, double> figures;
    Clock::time_point when;
  };

  void compare(std::vector<Seen>& all);

  const Common& common_;
  dividere::registry::Client registry_;
  std::map<std::string, Former> former_;  // by endpoint; the last that each has said
};

}  // namespace tool
