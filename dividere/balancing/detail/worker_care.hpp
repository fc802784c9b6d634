#pragma once

// The life and death of workers.

#include <string>
#include <vector>

#include "frame_source.hpp"
#include "outcomes.hpp"
#include "request_book.hpp"

namespace dividere::detail {

/// Asks workers for signs of life, and sees to what those had that are dead. Requests that wait again because of it are for
/// the caller to hand out.
class WorkerCare {
 public:
  /// `features`: what workers are told that the broker understands.
  WorkerCare(const balancing::BrokerOptions& options, FrameSource& back, WorkerRoster& roster, RequestBook& book,
             Outcomes& outcomes, std::uint32_t features);

  void ask(BrokerWorker& worker);

  /// Its connection has ended. What it said before it went, a reply or a goodbye, may not be read yet: so it is buried only
  /// once all is read.
  void lose(BrokerWorker& worker);

  /// All that has come is read.
  void buryLost();

  /// It is dead, `why` in words: what it has waits again.
  void bury(BrokerWorker& worker, const char* why);

  /// It has left and did all that it will: what it has waits again, and is not blamed.
  void dismiss(BrokerWorker& worker);

  /// What it has waits again: it was lost with a former connection.
  void takeBackAll(BrokerWorker& worker);

  /// Asks those last heard by connections of these descriptors, which have ended.
  void probe(const std::vector<int>& descriptors);

  /// Asks those silent for a period, buries those silent for too long.
  void lookForSilence(Deadline::Clock::time_point now);

 private:
  using Clock = Deadline::Clock;

  void blame(BrokerWorker& worker);
  void endUnrepeatable(BrokerWorker& worker, bool onlyWithParts);
  void judge(BrokerWorker& worker, Clock::time_point now);
  Clock::duration limitFor(const BrokerWorker& worker) const;

  const balancing::BrokerOptions& options_;
  const std::chrono::milliseconds silenceLimit_, lostLimit_;
  FrameSource& back_;
  WorkerRoster& roster_;
  RequestBook& book_;
  Outcomes& outcomes_;
  const std::uint32_t features_;
  std::vector<std::string> lost_;  // to be buried once all that they sent is read
};

}  // namespace dividere::detail
