#pragma once

// Requests on their way to workers.

#include "frame_source.hpp"
#include "request_book.hpp"
#include "worker_care.hpp"

namespace dividere::detail {

/// Hands requests that wait to workers with room, in turn.
class Dispatcher {
 public:
  Dispatcher(FrameSource& back, WorkerRoster& roster, RequestBook& book, WorkerCare& care, Outcomes& outcomes)
      : back_(back), roster_(roster), book_(book), care_(care), outcomes_(outcomes) {}

  void dispatch();

 private:
  void dispatch(Dialect dialect);
  void giveFirst(Dialect dialect, BrokerWorker& worker);
  static void takeWaitOff(BrokerRequest& request, Deadline::Clock::time_point now);
  static Multipart messageOf(BrokerRequest& request, const BrokerWorker& worker, const std::string& token);

  FrameSource& back_;
  WorkerRoster& roster_;
  RequestBook& book_;
  WorkerCare& care_;
  Outcomes& outcomes_;
  AttemptToken tokens_;
};

}  // namespace dividere::detail
