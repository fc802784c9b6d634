#pragma once

// What comes to a Subscriber, counted.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "../../connection/detail/intake.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/detail/statistics_book.hpp"
#include "../subscriber.hpp"
#include "bundle.hpp"
#include "catch_up.hpp"
#include "lateness.hpp"
#include "publication.hpp"
#include "series.hpp"

namespace dividere::detail {

/// Counts what comes and what is missing, and tells of the latter. Where the newest messages alone are kept, a gap is told of
/// when the user gets the next message, whichever that is.
class Arrivals final : public Intake {
 public:
  using OnMissed = std::function<void(const messaging::Missed&)>;

  /// `socket` and `address` are the subscriber's own. Messages of other topics than `topic`, or those below it, are left out.
  Arrivals(Socket& socket, const std::string& address, const messaging::Topic& topic,
           const messaging::SubscriberOptions& options);

  bool takes(Multipart& message) override;
  const Frame& takeHeld() override;
  void onDue() override;
  bool unwrap(Multipart& message) override;
  bool notes(std::string_view envelope, std::string_view& series) override;
  void skips(std::size_t count) override { skipped_.add(count); }
  void hands(std::string_view envelope) override;

  /// This is subscribed to. What was kept of it is asked for. As notes(), or in the thread that receives.
  void subscribed(const std::string& subscription);
  void unsubscribed(const std::string& subscription) { subscriptions_.erase(subscription); }

  /// The topic that is subscribed to, as it stands in envelopes.
  const std::string& topicFields() const { return topicFields_; }

  std::uint64_t received() const { return received_; }
  std::uint64_t missed() const { return missed_.read(); }
  std::uint64_t skipped() const { return skipped_.read(); }

  /// Of the message that was taken last.
  const messaging::Topic& topic();
  std::optional<std::chrono::nanoseconds> age() const;

 private:
  enum class Kind {
    toEverybody,
    note,       // of what its publisher keeps
    sentAgain,  // to this subscriber alone
    other       // for this subscriber alone
  };

  Kind kindOf(const Multipart& message);
  bool isNext(std::string_view envelope);
  void note(const Publication& publication);
  bool takesOne(Frame& envelope);
  void takeBundle(Frame&& envelope);
  void takeLastOfBundle(Frame& envelope);
  bool isForThisAlone(std::string_view bytes) const;
  void afterCatchUp();
  bool isSubscribedTo(std::string_view series) const;
  void gone(std::uint32_t publisher, std::string_view series, std::uint64_t count);

  /// What is missing of a series, until it is told.
  using Gaps = std::map<std::pair<std::uint32_t, std::string>, std::uint64_t>;

  static constexpr std::size_t kMostGaps = 1000;  // of as many series, if the user does not read

  bool isWanted(std::string_view series) const;
  void received(const Publication& publication);
  void tellIfLate(const Publication& publication);
  void keepGap(std::uint32_t publisher, std::string_view series, std::uint64_t missed);
  void tellGaps();
  void tell(std::uint32_t publisher, std::string_view series, std::uint64_t missed);

  const std::string where_;
  const std::string topicFields_;
  const OnMissed onMissed_;
  const bool keepsNewest_;

  // In the thread that takes or notes.
  std::set<std::string> subscriptions_;
  SeriesBook book_;
  CatchUp catchUp_;

  Bundle bundle_;                // what of it the user has not got yet
  std::uint64_t bundleRun_ = 0;  // of the book's changes, when it came

  Counter& arrived_;  // as frames do, of which a bundle is one
  Counter& missed_;
  Counter& skipped_;  // the same

  std::mutex gapsMutex_;
  Gaps gaps_;  // under gapsMutex_
  std::atomic<bool> hasGaps_{false};

  // In the thread that receives.
  std::uint64_t received_ = 0;
  std::string series_;       // of the last message
  std::uint64_t run_ = 0;    // of the book's changes: that series is its latest
  std::int64_t sentNs_ = 0;  // the same
  Lateness lateness_;
  RateLimit lateWarnings_;
  messaging::Topic topic_;
  std::string topicOf_;  // the series that topic_ was read from
  Frame held_;
  RateLimit warnings_;
};

}  // namespace dividere::detail
