#include "broker_desk.hpp"

#include <algorithm>

#include "../../core/detail/options.hpp"
#include "../../reactor/detail/handling_scope.hpp"

namespace dividere::detail {

using balancing::RetryPolicy;

constexpr const char* kAllBrokersRefuse = "no broker lets this program's key in, or is secured as this program is";

static std::vector<std::string> requireEndpoints(std::vector<std::string> endpoints) {
  if (endpoints.empty()) {
    throw Error(Errc::badEndpoint, std::string(BrokerDesk::kWho) + ": the list of endpoints is empty");
  }
  for (const std::string& endpoint : endpoints) parseEndpoint(BrokerDesk::kWho, endpoint, false);
  return endpoints;
}

static RetryPolicy requirePolicy(RetryPolicy policy) {
  constexpr std::chrono::milliseconds none{0};
  requireOption(policy.maxRetries >= 0, BrokerDesk::kWho, "maxRetries must not be negative");
  requireOption(policy.timeout > none, BrokerDesk::kWho, "timeout must be positive");
  requireOption(policy.pause >= none, BrokerDesk::kWho, "pause must not be negative");
  requireOption(policy.pauseMax >= none, BrokerDesk::kWho, "pauseMax must not be negative");
  requireOption(policy.maxCalls > 0, BrokerDesk::kWho, "maxCalls must be positive");
  requireOption(policy.deadline >= none, BrokerDesk::kWho, "deadline must not be negative");
  policy.timeout = clampedPeriod(policy.timeout);
  policy.pause = clampedPeriod(policy.pause);
  policy.pauseMax = clampedPeriod(policy.pauseMax);
  return policy;
}

/// At most how long the policy tries, a century at most.
static std::chrono::milliseconds longestOf(const RetryPolicy& policy) {
  constexpr std::chrono::milliseconds none{0};
  if (policy.deadline > none) return policy.deadline;
  const double all =
      static_cast<double>(policy.timeout.count()) +
      static_cast<double>(policy.maxRetries) * static_cast<double>((policy.timeout + policy.pauseMax * 3 / 2).count());
  const auto century = static_cast<double>(clampedPeriod(std::chrono::milliseconds::max()).count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(all, century)));
}

BrokerDesk::BrokerDesk(std::vector<std::string> endpoints, const RetryPolicy& policy)
    : CallDesk(kWho, kWho, connection::SocketOptions().maxMessageBytes, policy.maxCalls),
      endpoints_(requireEndpoints(std::move(endpoints))),
      policy_(requirePolicy(policy)),
      longest_(longestOf(policy_)),
      brokers_(endpoints_.size()) {
  connectTo(0);
  start();
}

BrokerDesk::~BrokerDesk() { stop(); }

CallTerms BrokerDesk::termsByPolicy() const {
  CallTerms terms;
  terms.deadline = earlier(Deadline::in(longest_), HandlingScope::deadline());
  terms.isByPolicy = true;
  return terms;
}

// --- Brokers, in the loop's thread ---

void BrokerDesk::connectTo(std::size_t endpoint) {
  Responder& broker = brokers_[endpoint];
  if (broker.remote) return;
  Remote::Owner& owner = *this;
  auto remote = std::make_unique<Remote>(kWho, loop(), owner, endpoints_[endpoint], connection::SocketOptions(),
                                         Remote::Framing::broker);
  broker.remote = remote.get();
  broker.descriptor = remote->socket().descriptor();
  loop().add(std::move(remote));
}

/// That of the call's own endpoint, or if that one is not there, any that is.
Responder* BrokerDesk::choose(const PendingCall& call, const Responder* butNot) {
  connectTo(call.tries.endpoint);
  for (std::size_t i = 0; i < brokers_.size(); ++i) {
    Responder& broker = brokers_[(call.tries.endpoint + i) % brokers_.size()];
    if (&broker != butNot && broker.remote && broker.remote->isUp() && broker.hasRoom()) return &broker;
  }
  return nullptr;
}

void BrokerDesk::lacksResponder() {
  if (isRefused_) endWaiting([](const PendingCall&) { return true; });
}

Responder* BrokerDesk::responderOf(const Remote& remote) {
  const auto found =
      std::find_if(brokers_.begin(), brokers_.end(), [&](const Responder& each) { return each.remote == &remote; });
  return found == brokers_.end() ? nullptr : &*found;
}

bool BrokerDesk::hasUnknown() const {
  return std::any_of(brokers_.begin(), brokers_.end(),
                     [](const Responder& each) { return each.remote && each.remote->isUp() && !each.knowsFeatures; });
}

bool BrokerDesk::areAllRefused() {
  return std::all_of(brokers_.begin(), brokers_.end(),
                     [](const Responder& each) { return each.remote && each.remote->isRefused(); });
}

/// What to say of a call whose time is up, or that no broker lets in.
CallOutcome BrokerDesk::outcomeInVain(const PendingCall& call) const {
  if (isRefused_ && call.place() != Place::isGiven) return CallFailure{Errc::unauthorized, kAllBrokersRefuse};
  return NoneInTime{};
}

/// Where one cannot be reached, the others may be needed soon.
void BrokerDesk::changed(Responder& responder) {
  if (!responder.remote->isUp()) {
    for (std::size_t i = 0; i < brokers_.size(); ++i) connectTo(i);
  }
  isRefused_ = areAllRefused();
  if (isRefused_) lacksResponder();
}

bool BrokerDesk::mayGiveAgain(const PendingCall& call, CallFailure& whyNot) {
  if (call.isRepeatable()) return true;
  whyNot = {Errc::gaveUp, "the connection to the broker was lost, and the request must not be repeated"};
  return false;
}

// --- Tries, in the loop's thread ---

void BrokerDesk::hasBegun(PendingCall& call, Clock::time_point now) {
  call.tries.endpoint = current_;
  call.tries.end = now + policy_.timeout;
}

CallDesk::NextTry BrokerDesk::tryHasEnded(PendingCall& call, Clock::time_point now) {
  CallTries& tries = call.tries;
  // It may have been given out in the pause.
  const bool mayNotRepeat = !call.isRepeatable() && call.place() == Place::isGiven;
  if (tries.isPause && !mayNotRepeat) return nextTry(call, now);
  const bool isLast = tries.retries >= policy_.maxRetries;
  if (isLast && call.terms().isByPolicy) return NextTry::endInVain;
  // Until its deadline it may have a reply.
  if (isLast || mayNotRepeat) {
    tries.end = Clock::time_point::max();
  } else {
    tries.isPause = true;  // a late reply ends the pause, too
    tries.end = now + pauseBefore(tries.retries);
  }
  return NextTry::goOn;
}

CallDesk::NextTry BrokerDesk::nextTry(PendingCall& call, Clock::time_point now) {
  CallTries& tries = call.tries;
  ++tries.retries;
  tries.isPause = false;
  tries.end = now + policy_.timeout;
  tries.endpoint = (tries.endpoint + 1) % endpoints_.size();
  current_ = tries.endpoint;
  connectTo(tries.endpoint);
  return NextTry::giveAgain;
}

// Half to one and a half times the pause, so that clients that failed together do not all come back together.
std::chrono::milliseconds BrokerDesk::pauseBefore(int retry) {
  const auto pause = std::min(policy_.pause * (1 << std::min(retry, 16)), policy_.pauseMax);
  std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(pause.count() / 2, pause.count() * 3 / 2);
  return std::chrono::milliseconds(jitter(random_));
}

}  // namespace dividere::detail
