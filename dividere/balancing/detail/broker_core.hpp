#pragma once

// What is inside a Broker.

#include <memory>
#include <string>

#include "../../core/detail/fork.hpp"
#include "../../messaging/detail/describing.hpp"
#include "../../reactor/detail/ended_connections.hpp"
#include "../../reactor/detail/reactor_loop.hpp"
#include "admission.hpp"
#include "client_words.hpp"
#include "dispatcher.hpp"
#include "outbox.hpp"
#include "returns.hpp"
#include "streams.hpp"
#include "time_limits.hpp"

namespace dividere::detail {

/// The thread of a Broker, its two sockets, and who is told of what: requests go from Admission to the RequestBook, by the
/// Dispatcher to workers, and back by way of Returns to Outcomes and the Outbox.
class BrokerCore {
 public:
  BrokerCore(std::uint16_t frontPort, std::uint16_t backPort, const balancing::BrokerOptions& options);
  ~BrokerCore() { stop(); }

  void stop();

  bool isOfOtherProcess() const { return fork_.crossed(); }
  const BrokerTally& tally() const { return tally_; }
  std::uint16_t frontPort() const { return frontPort_; }
  std::uint16_t backPort() const { return backPort_; }

 private:
  using Clock = Deadline::Clock;

  FrameSource& listen(const char* who, std::uint16_t port, int sendQueue, const std::string& group, FrameHooks hooks,
                      std::string_view routingId = {});
  FrameHooks frontHooks();
  FrameHooks backHooks();
  bool takeQuestion(Multipart& message);
  void describe(Description& description, TypeBook& types);
  void start();
  void dispatch();
  void onTick();
  void answerAllStopping();

  // Constant after construction.
  const balancing::BrokerOptions options_;
  const std::chrono::milliseconds tick_;
  const ForkGuard fork_;

  BrokerTally tally_;
  ReactorLoop loop_;

  // The loop's thread alone, which owns the sockets.
  FrameSource& front_;
  FrameSource& back_;
  const std::uint16_t frontPort_, backPort_;
  WorkerRoster roster_;
  RequestBook book_;
  Describing describing_;
  BrokerJunk junk_;
  MisplacedWorkers misplaced_;
  Outbox outbox_;
  Outcomes outcomes_;
  Streams streams_;
  TimeLimits limits_;
  Admission admission_;
  ClientWords words_;
  WorkerCare care_;
  WorkerOffers offers_;
  Returns returns_;
  Dispatcher dispatcher_;
  EndedConnections ended_;
  Clock::time_point lastTick_{};
};

}  // namespace dividere::detail
