#include "service_core.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/options.hpp"
#include "../../registry/detail/entry_rules.hpp"
#include "../../registry/detail/own_address.hpp"

namespace dividere::detail {

// How long stop() waits for the registries to acknowledge: without it the lease would end anyway.
constexpr std::chrono::milliseconds kUnregisterLimit{200};

static void requireServiceOptions(const service::ServiceOptions& options) {
  constexpr std::chrono::milliseconds none{0};
  requireOption(options.threads > 0, kService, "threads must be at least 1");
  requireOption(options.firstPort > 0, kService, "firstPort must be at least 1");
  requireOption(options.firstPort <= options.lastPort, kService, "lastPort must not be below firstPort");
  requireOption(options.lease >= none, kService, "lease must not be negative");
  requireOption(options.jitter >= none, kService, "jitter must not be negative");
  if (!options.advertise.empty()) requireHost(kService, "advertise", options.advertise);
}

ServiceCore::ServiceCore(std::string name, const service::ServiceOptions& options, HandlerTable& handlers)
    : options_(options), name_(std::move(name)), handlers_(handlers), loop_(kService, handlers.errorSink()) {
  requireServiceOptions(options_);
  if (options_.threads > 1) makePool(static_cast<std::size_t>(options_.threads));
  auto source = std::make_unique<ServiceSource>(options_, handlers_, pool_.get());
  source_ = source.get();
  port_ = source->socket().port();
  loop_.add(std::move(source));
}

void ServiceCore::makePool(std::size_t threads) {
  handlers_.setParallel();
  HandlerPool::Hooks hooks;
  hooks.handle = [this](HandlerPool::Job& job) {
    PooledOrigin origin(job, loop_, *source_);
    handlers_.dispatch(job.body.view(), origin);
  };
  hooks.hasRoom = [this] { loop_.post([this] { source_->lookAgain(); }); };
  hooks.lastHasEnded = [this] { stopLoop(); };
  pool_ = std::make_unique<HandlerPool>(threads, std::move(hooks));
}

void ServiceCore::every(std::chrono::milliseconds period, std::function<void()> function) {
  loop_.every(period, std::move(function));
}

// --- The start ---

bool ServiceCore::start(const std::string& defaultName, std::chrono::milliseconds timeout) {
  fork_.require("service::Service: start");
  const auto registration = std::make_shared<Registration>();
  if (!begin(defaultName, registration)) return false;
  const bool isKnown = registration->known.wait(Deadline::in(timeout));
  std::lock_guard<std::mutex> lock(mutex_);
  return isKnown && !stopped_;
}

/// False after stop().
bool ServiceCore::begin(const std::string& defaultName, const std::shared_ptr<Registration>& registration) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return false;
  if (started_) throw Error(Errc::outOfTurn, who() + ": start() is called once");
  if (name_.empty()) name_ = defaultName;
  requireServiceName("service::Service: start", name_);
  describe(*registration);
  link_ = RegistryLink::to(who(), options_.registries);
  handlers_.seal(who());
  loop_.start(who());
  if (pool_) pool_->start();
  started_ = true;
  registration_ = registration;
  link_->begin(registration);
  return true;
}

void ServiceCore::describe(Registration& registration) const {
  registration.who = who();
  registration.service.name = name_;
  registration.service.server = options_.advertise.empty() ? ownAddress() : options_.advertise;
  registration.service.port = port_;
  registration.lease = std::min<std::chrono::milliseconds>(options_.lease, kLongestLease);
  registration.jitter = clampedPeriod(options_.jitter);
}

std::string ServiceCore::who() const { return name_.empty() ? kService : std::string(kService) + " '" + name_ + "'"; }

// --- The end ---

void ServiceCore::stop() {
  if (fork_.crossed()) return;
  std::shared_ptr<Registration> registration;
  bool wasStarted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    wasStarted = started_;
    registration.swap(registration_);
  }
  const bool isInside = CallbackScope::isInside() || loop_.isCurrent() || (pool_ && pool_->isCurrent());
  if (registration) {
    registration->known.open();  // nobody is to wait for it any more
    link_->end(registration);
    if (!isInside) registration->forgotten.wait(Deadline::in(kUnregisterLimit));
  }
  if (!wasStarted || !pool_) return stopLoop();
  // The loop ends after the last handler: it sends their replies.
  if (isInside) return pool_->requestStop();
  pool_->stop();
  stopLoop();
}

void ServiceCore::stopLoop() {
  loop_.post([this] { source_->refuseRest(who()); });
  loop_.stop();
}

}  // namespace dividere::detail
