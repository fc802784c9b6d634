#pragma once

// A publisher that keeps messages, and sends them to newcomers.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "../../connection/detail/attendant.hpp"
#include "kept_messages.hpp"
#include "kept_notes.hpp"

namespace dividere::detail {

/// Tells each newcomer what is kept of the series that it subscribed to, and sends what subscribers then ask for, to each
/// alone. In portions: a subscriber asks for the next one when it has read the last, so that none fills its queue.
class Keeping final : public Attendant {
 public:
  /// `sendQueue`: how many messages wait for a subscriber at most; 0: no limit. `forAll`: peers that cannot be sent to alone are
  /// sent to together, and may get what is for others.
  Keeping(std::uint32_t publisher, const KeptMessages::Limits& limits, int sendQueue, bool forAll);

  // --- The owner, one thread at a time ---

  /// How many messages of this series subscribers may ask for.
  std::uint64_t count(std::string_view series) const { return isHeldBack_ ? 0 : messages_.count(series); }

  /// The message that is sent next. `series` is to stay until it is.
  void prepare(std::string_view series, std::uint64_t number, Frame&& frame);

  /// It was not sent.
  void discard() { prepared_ = Frame(), isPrepared_ = false; }

  // --- Under the Audience's mutex ---

  void sent() override;
  void subscribed(std::string_view topic, const void* connection) override;
  bool serve(Socket& socket, const Census& census, const std::atomic<bool>& isWanted) override;

 private:
  struct Job {
    std::string address;
    const void* connection;
    KeptAsk ask;             // number 0: nobody asked, a newcomer is told what is kept
    std::string topic = {};  // in place of an address, of one who has none
    std::string told = {};   // the last series that it was told of
    bool isTold = false;
    std::size_t range = 0;   // that is replied to
    std::uint64_t next = 0;  // its next number
    std::uint64_t count = 0;
    KeptNote reply = {};
    std::size_t messages = 0, bytes = 0;  // sent so far
    int failures = 0;
  };
  using Series = KeptMessages::Series;
  enum class Progress { done, full, later };

  void addJob(Job&& job);
  Progress work(Socket& socket, const Census& census, Job& job);
  Progress tell(Socket& socket, const Census& census, Job& job);
  bool addRanges(const std::set<std::string>* topics, const Job& job, KeptNote& note, std::string& told);
  Progress resend(Socket& socket, Job& job);
  bool resendRange(Socket& socket, Job& job, const KeptRange& range);
  Progress sendToAll(Socket& socket, const Census& census, Job& job);
  bool sendToAll(Socket& socket, Job& job, Series& series);
  Progress finish(Socket& socket, Job& job);
  bool sendNote(Socket& socket, const KeptNote& note, const Job& job);
  bool isPortionFull(const Job& job) const;

  const std::uint32_t publisher_;
  const std::size_t portion_;  // messages
  const bool isForAll_;

  // The owner's.
  Frame prepared_;
  std::string_view preparedSeries_;
  std::uint64_t preparedNumber_ = 0;
  bool isPrepared_ = false;

  std::atomic<bool> isHeldBack_{false};  // somebody is there who would get what is for others

  // Changed by the owner under the mutex.
  KeptMessages messages_;

  // Under the mutex.
  Deadline::Clock::time_point spareUntil_{};  // what somebody was told of is kept until then, though newer ones come
  std::deque<Job> jobs_;
  std::size_t jobBytes_ = 0;
  int budget_ = 0;  // what may be sent before others have their turn
};

}  // namespace dividere::detail
