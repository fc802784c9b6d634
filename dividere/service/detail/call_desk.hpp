#pragma once

// The calls of a service::Client and the instances that reply to them.

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../../core/detail/waker.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "../../reactor/detail/pending_call.hpp"
#include "../../registry/detail/registry_link.hpp"
#include "../client.hpp"
#include "instances.hpp"

namespace dividere::detail {

/// Gives calls to instances, and to others if those die, until each has its outcome.
class CallDesk final : private Remote::Owner {
 public:
  CallDesk(std::string service, const service::ClientOptions& options);
  ~CallDesk();

  // Any thread.

  /// Makes the call and waits until it has ended. Where the deadline comes first, it ends with what is known by then.
  /// Throws Error{stopping} after stop().
  void make(const std::shared_ptr<AwaitedCall>& call, const Deadline& deadline);

  /// Ends all calls.
  void stop();
  std::int64_t maxMessageBytes() const { return options_.socket.maxMessageBytes; }

 private:
  using Clock = Deadline::Clock;
  using CallPtr = std::shared_ptr<PendingCall>;
  using Place = PendingCall::Place;

  /// What is known of the service.
  enum class Knowledge { none, noService, instances };

  struct Given {
    CallPtr call;
    Instance* instance;
  };
  /// The way for a registry's reply, which may come after the desk's end.
  struct Inbox {
    std::mutex mutex;
    CallDesk* desk;  // under mutex
  };

  void remoteChanged(Remote& remote) override;
  void remoteReplied(Remote& remote, std::string_view id, Frame& reply) override;

  // Any thread.
  Instance* begin(const CallPtr& call);
  void post(const CallPtr& call);
  CallOutcome outcomeInVain(const PendingCall& call) const;
  void giveUp(const CallPtr& call);
  void attend(Instance& instance, AwaitedCall& call, const Waker& waker, const Deadline& deadline);

  // In the loop's thread.
  Instance* giveAtOnce(const CallPtr& call);
  Instance* takeOverIfAlone(Instance& instance);
  void leave(Instance& instance);
  void handOut();
  bool give(const CallPtr& call, Instance& instance);
  void takeBack(Instance& instance);
  void forget(const CallPtr& call);
  void endAll();
  void endHopeless(Clock::time_point now);
  bool isHopeless(const PendingCall& call, Clock::time_point now) const;
  Clock::time_point nextEnd(Clock::time_point now) const;

  void lookUp(Clock::time_point earliest);
  void lookUpNow();
  void lookedUp(const std::optional<ServiceLookupRep>& reply);
  void doWhatIsDue();

  // Constant after construction.
  const ForkGuard fork_;
  const std::string service_;
  const service::ClientOptions options_;
  const std::shared_ptr<RegistryLink> link_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();

  // In the loop's thread.
  bool isOver_ = false;  // there will be no more calls, and the instances go
  CorrelationIds ids_;
  Instances instances_;
  std::list<CallPtr> waiting_;
  std::map<std::string, Given, std::less<>> given_;
  bool isLookingUp_ = false;
  Clock::time_point lookUpAt_ = Clock::time_point::max();  // to be looked up then
  Clock::time_point lookedUpAt_{};                         // when it was, last
  std::atomic<Knowledge> knowledge_{Knowledge::none};      // read in any thread

  std::mutex mutex_;
  bool stopped_ = false;  // under mutex_

  ReactorLoop loop_{"service::Client"};  // after all that its thread uses
  Alarm alarm_{loop_, [this] { doWhatIsDue(); }};
};

}  // namespace dividere::detail
