#pragma once

// What comes to a Subscriber, counted.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "../../connection/detail/intake.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/detail/statistics_book.hpp"
#include "../subscriber.hpp"
#include "publication.hpp"
#include "series.hpp"

namespace dividere::detail {

/// Counts what comes and what is missing, and tells of the latter. One thread at a time, as the Subscriber.
class Arrivals final : public Intake {
 public:
  using OnMissed = std::function<void(const messaging::Missed&)>;

  /// `where` is the endpoint, for the log. Messages of other topics than `topic`, or those below it, are left out.
  /// `missed` is counted up. It outlives this.
  Arrivals(std::string where, const messaging::Topic& topic, OnMissed onMissed, Counter& missed);

  bool takes(Multipart& message) override;
  const Frame& takeHeld() override { return held_; }
  void onDue() override {}

  /// The topic that is subscribed to, as it stands in envelopes.
  const std::string& topicFields() const { return topicFields_; }

  std::uint64_t received() const { return received_; }
  std::uint64_t missed() const { return missed_.read(); }

  /// Of the message that was taken last.
  const messaging::Topic& topic();

 private:
  bool takes(std::string_view envelope);
  bool isWanted(std::string_view series) const;
  void tell(const Publication& publication, std::uint64_t missed);

  const std::string where_;
  const std::string topicFields_;
  const OnMissed onMissed_;

  SeriesBook book_;
  std::uint64_t received_ = 0;
  Counter& missed_;
  std::string series_;  // of the last message
  messaging::Topic topic_;
  std::string topicOf_;  // the series that topic_ was read from
  Frame held_;
  RateLimit warnings_;
};

}  // namespace dividere::detail
