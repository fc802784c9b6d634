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

/// The same, fit to be shown: no control characters, and UTF-8 all of it. Whoever describes itself may say anything.
dividere::Description tidied(dividere::Description description);

/// How far ahead another host's clock is; half the time that it took to ask is not known.
struct ClockDifference {
  std::chrono::duration<double> ahead, uncertain;
};

struct Seen {
  dividere::registry::ServiceAddress address;
  std::string endpoint;
  std::optional<dividere::Description> description;
  std::map<std::string, double> figures;  // of all its sockets, by the name of the statistic
  std::map<std::string, double> rates;    // the same a second, since it last spoke
  std::map<std::string, double> flows;    // messages of its process, by what they come from or go to
  std::map<std::string, double> flowRates;
  std::optional<ClockDifference> clock;
};

/// Asks what is at `seen.endpoint`, and puts it in. Never throws.
void describe(Seen& seen, std::chrono::milliseconds timeout);

/// Adds up the figures of what it says.
void addFigures(Seen& seen);

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
    std::map<std::string, double> figures, flows;
    Clock::time_point when;
  };

  void compare(std::vector<Seen>& all);

  const Common& common_;
  dividere::registry::Client registry_;
  std::map<std::string, Former> former_;  // by endpoint; the last that each has said
};

}  // namespace tool
