#pragma once

// The calls of a service::Client and the instances that reply to them.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../../reactor/detail/call_desk.hpp"
#include "../../registry/detail/registry_link.hpp"
#include "../client.hpp"
#include "instances.hpp"

namespace dividere::detail {

/// Gives calls to instances of a service, and to others if those die, until each has its outcome.
class ServiceDesk final : public CallDesk {
 public:
  ServiceDesk(const std::string& who, std::string service, const service::ClientOptions& options);
  ~ServiceDesk();

  /// Begins a call of this request at each instance that is known once the registry has been asked. Any thread; throws
  /// Error{noService} or Error{noRegistry} if there is none by the deadline, and Error{stopping}.
  std::vector<CallPtr> beginAll(const CallPtr& model, const Interrupt* interrupt);

 private:
  /// A call of all instances, which is made as soon as they are known.
  struct CallOfAll {
    CallPtr model;
    std::vector<CallPtr> calls;  // constant once the latch is open
    Latch done;
  };

  /// What is known of the service.
  enum class Knowledge { none, noService, instances, refused, refusedByRegistry };

  /// The way for a registry's reply, which may come after the desk's end.
  struct Inbox {
    std::mutex mutex;
    ServiceDesk* desk;  // under mutex
  };

  bool isReady(Clock::time_point now) override;
  void callsHaveCome(Clock::time_point now) override;
  Responder* choose(const PendingCall& call, const Responder* butNot) override;
  void lacksResponder() override;
  Responder* responderOf(const Remote& remote) override { return instances_.find(remote); }
  bool hasUnknown() const override { return instances_.hasUnknown(); }
  void changed(Responder& responder) override;
  void wasLost() override;
  bool isHandedBack(Responder& responder, std::string_view reply) override;
  void hasKeptSilent(Responder& responder) override;
  void isUnused(Responder& responder) override;
  bool mayGiveAgain(const PendingCall& call, CallFailure& whyNot) override;
  CallOutcome outcomeInVain(const PendingCall& call) const override;
  Clock::time_point doWhatIsDue(Clock::time_point now) override;

  void hasEnded() override;
  void beginAllNow();
  [[noreturn]] void failUnknown() const;

  void lookUp(Clock::time_point earliest);
  void lookUpNow();
  void lookedUp(const std::optional<ServiceLookupRep>& reply, bool isRefused);
  void endHopeless(Clock::time_point now);
  bool isHopeless(const PendingCall& call, Clock::time_point now) const;
  Clock::time_point nextEnd(Clock::time_point now) const;

  // Constant after construction.
  const std::string service_;
  const service::ClientOptions options_;
  const std::shared_ptr<RegistryLink> link_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();

  // In the loop's thread.
  Instances instances_;
  std::vector<std::shared_ptr<CallOfAll>> callsOfAll_;
  bool isLookingUp_ = false;
  Clock::time_point lookUpAt_ = Clock::time_point::max();  // to be looked up then
  Clock::time_point lookedUpAt_{};                         // when it was, last
  std::atomic<Knowledge> knowledge_{Knowledge::none};      // read in any thread
};

}  // namespace dividere::detail
