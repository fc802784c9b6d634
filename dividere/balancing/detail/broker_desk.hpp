#pragma once

// The calls of a balancing::Client and the brokers that they are given to.

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "../../reactor/detail/call_desk.hpp"
#include "../client.hpp"

namespace dividere::detail {

/// The lazy pirate of the ZeroMQ Guide, for any number of requests at once, and with a correlation id in place of a fresh
/// socket for each try: a broker tells by that which request it has already. A request is given to a broker that is there,
/// and to none that comes after it was given up.
class BrokerDesk final : public CallDesk {
 public:
  static constexpr const char* kWho = "balancing::Client";

  /// Throws Error{badEndpoint}, and std::errc::invalid_argument for a policy that makes no sense.
  BrokerDesk(std::vector<std::string> endpoints, const balancing::RetryPolicy& policy);
  ~BrokerDesk();

  /// The terms of a request that is made by the policy alone.
  CallTerms termsByPolicy() const;

 private:
  bool isReady(Clock::time_point) override { return true; }
  void callsHaveCome(Clock::time_point) override {}
  Responder* choose(const PendingCall& call, const Responder* butNot) override;
  void lacksResponder() override;
  Responder* responderOf(const Remote& remote) override;
  bool hasUnknown() const override;
  void changed(Responder& responder) override;
  void wasLost() override {}
  bool isHandedBack(Responder&, std::string_view) override { return false; }
  void hasKeptSilent(Responder&) override {}
  void isUnused(Responder&) override {}
  bool mayGiveAgain(const PendingCall& call, CallFailure& whyNot) override;
  void hasBegun(PendingCall& call, Clock::time_point now) override;
  NextTry tryHasEnded(PendingCall& call, Clock::time_point now) override;
  CallOutcome outcomeInVain(const PendingCall& call) const override;
  Clock::time_point doWhatIsDue(Clock::time_point) override { return Clock::time_point::max(); }

  void connectTo(std::size_t endpoint);
  bool areAllRefused();
  NextTry nextTry(PendingCall& call, Clock::time_point now);
  std::chrono::milliseconds pauseBefore(int retry);

  // Constant after construction.
  const std::vector<std::string> endpoints_;
  const balancing::RetryPolicy policy_;
  const std::chrono::milliseconds longest_;  // that all tries and pauses together take

  std::atomic<bool> isRefused_{false};  // by all brokers; set in the loop's thread

  // In the loop's thread.
  std::vector<Responder> brokers_;  // one an endpoint; without a remote until it is needed
  std::size_t current_ = 0;         // where the last try went
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace dividere::detail
