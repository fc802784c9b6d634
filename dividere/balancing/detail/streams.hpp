#pragma once

// What goes on between a request and its reply: parts on their way to the client, its credit on its way to the worker.

#include <string>
#include <string_view>
#include <vector>

#include "frame_source.hpp"
#include "outcomes.hpp"
#include "request_book.hpp"

namespace dividere::detail {

/// Passes parts on, as far as the client has given credit, and ends streams that nobody reads at their source. Of what a
/// worker may send ahead only so much is allowed at a time, whatever the client allows: the rest is kept here, as a number.
class Streams {
 public:
  Streams(const balancing::BrokerOptions& options, FrameSource& back, WorkerRoster& roster, RequestBook& book,
          Outbox& outbox, Outcomes& outcomes, BrokerTally& tally)
      : options_(options),
        back_(back),
        roster_(roster),
        book_(book),
        outbox_(outbox),
        outcomes_(outcomes),
        tally_(tally) {}

  /// Whether a payload from a worker is a part, and not the reply.
  static bool isPart(std::string_view payload);

  /// A part of this request, which has no outcome yet and is at a worker. It may have one then.
  void pass(BrokerRequest& request, Frame&& part);

  /// Its client takes so many more.
  void addCredit(BrokerRequest& request, std::uint32_t parts);

  /// Nobody waits for this one any more, which a worker has.
  void abandon(BrokerRequest& request);

  /// Tells its worker that nobody waits, if it understands that.
  void cancelAtWorker(BrokerRequest& request);

  /// Tells workers what there was no room for.
  void tellOwed();

  /// Ends streams that have used up their credit and whose clients are gone. At most once in a while.
  void lookForDeserted(Deadline::Clock::time_point now);

 private:
  bool isDeserted(BrokerRequest& request);
  void end(BrokerRequest& request, Errc code, const char* text);
  void tellCredit(BrokerRequest& request);
  void owe(BrokerRequest& request);
  bool trySay(const BrokerRequest& request, const std::string& word);

  const balancing::BrokerOptions& options_;
  FrameSource& back_;
  WorkerRoster& roster_;
  RequestBook& book_;
  Outbox& outbox_;
  Outcomes& outcomes_;
  BrokerTally& tally_;
  std::vector<std::string> owed_;  // attempts whose workers are still to be told something
  Deadline::Clock::time_point lastLook_{};
};

}  // namespace dividere::detail
