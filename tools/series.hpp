// Counts, of each series (doc/wire.md), what came and what was missed.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "feed.hpp"
#include "output.pb.h"

namespace tool {

/// All figures but the last number of each series are since the last report. At most 100,000 series are told apart; a hostile
/// publisher's others count as one.
class Series {
 public:
  void add(const Feed::Item& item);

  /// Calls `print` with the figures of each series that has something to say.
  template <class Print>
  void report(double seconds, Print print) {
    for (auto& [key, figures] : series_) {
      if (figures.messages == 0 && figures.missed == 0) continue;
      print(rate(key, figures, seconds));
      figures.restart();
    }
  }

 private:
  using Key = std::tuple<std::string, std::string, std::uint32_t>;  // type, topic, publisher

  struct Figures {
    std::uint64_t last = 0;
    double messages = 0, bytes = 0, missed = 0, stamped = 0, delayMs = 0, delayMaxMs = 0;

    void restart();
  };

  static dividere::tool::Rate rate(const Key& key, const Figures& figures, double seconds);

  std::map<Key, Figures> series_;
};

}  // namespace tool
