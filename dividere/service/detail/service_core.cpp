#include "service_core.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/options.hpp"
#include "../../registry/detail/entry_rules.hpp"
#include "../../registry/detail/own_address.hpp"
#include "implemented.hpp"

namespace dividere::detail {

static registry::AnnouncementOptions announcementOf(const service::ServiceOptions& options) {
  registry::AnnouncementOptions announcement;
  announcement.registries = options.registries;
  announcement.advertise = options.advertise;
  announcement.lease = options.lease;
  announcement.jitter = options.jitter;
  return announcement;
}

static void requireServiceOptions(const service::ServiceOptions& options) {
  requireOption(options.threads > 0, kService, "threads must be at least 1");
  requireOption(options.firstPort > 0, kService, "firstPort must be at least 1");
  requireOption(options.firstPort <= options.lastPort, kService, "lastPort must not be below firstPort");
  requireLeaseOptions(kService, announcementOf(options));
}

ServiceCore::ServiceCore(std::string name, const service::ServiceOptions& options, HandlerTable& handlers)
    : options_(options), name_(std::move(name)), handlers_(handlers), loop_(kService, handlers.errorSink()) {
  requireServiceOptions(options_);
  if (options_.threads > 1) makePool(static_cast<std::size_t>(options_.threads));
  auto source = std::make_unique<ServiceSource>(options_, handlers_, loop_, pool_.get());
  source_ = source.get();
  wait_ = source->handlerWait();
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
  hooks.hasRoom = [this] { loop_.post([this] { source_->fillPool(); }); };
  hooks.lastHasEnded = [this] { stopLoop(); };
  pool_ = std::make_unique<HandlerPool>(threads, std::move(hooks));
}

void ServiceCore::onlyFor(const std::string& group) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (started_) throw Error(Errc::outOfTurn, who() + ": onlyFor() after start()");
  if (source_) source_->socket().onlyFor(group);
}

void ServiceCore::every(std::chrono::milliseconds period, std::function<void()> function) {
  loop_.every(period, std::move(function));
}

void ServiceCore::implements(std::string service) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (started_) throw Error(Errc::outOfTurn, who() + ": implements() comes before start()");
  implemented_.push_back(std::move(service));
}

// --- The start ---

bool ServiceCore::start(const std::string& defaultName, const Deadline& deadline) {
  fork_.require("service::Service: start");
  const auto lease = begin(defaultName);
  return lease && lease->wait(deadline);
}

/// Null after stop().
std::shared_ptr<Lease> ServiceCore::begin(const std::string& defaultName) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return nullptr;
  if (started_) throw Error(Errc::outOfTurn, who() + ": start() is called once");
  if (name_.empty()) name_ = defaultName;
  requireServiceName("service::Service: start", name_);
  implementAll();
  source_->socket().tally().setName(name_);
  auto lease = std::make_shared<Lease>(who(), name_, port_, traits(), announcementOf(options_));
  handlers_.seal(who());
  loop_.start(who());
  if (pool_) pool_->start();
  started_ = true;
  lease_ = lease;
  lease->begin();
  return lease;
}

void ServiceCore::implementAll() {
  for (const std::string& service : implemented_) {
    try {
      implementService(handlers_, service);
    } catch (const Error& error) {
      throw Error(error.code(), who() + ": start: " + error.context());
    }
  }
}

EndpointTraits ServiceCore::traits() const {
  EndpointTraits traits;
  traits.kind = "service";
  traits.features = kServiceFeatures;
  return traits;
}

std::string ServiceCore::who() const { return name_.empty() ? kService : std::string(kService) + " '" + name_ + "'"; }

// --- The end ---

void ServiceCore::stop() {
  if (fork_.crossed()) return;
  std::shared_ptr<Lease> lease;
  bool wasStarted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    wasStarted = started_;
    lease = lease_;
  }
  const bool isInside = CallbackScope::isInside() || loop_.isCurrent() || (pool_ && pool_->isCurrent());
  if (lease) lease->stop(!isInside);
  if (!wasStarted || !pool_) return stopLoop();
  // The loop ends after the last handler: it sends their replies.
  if (isInside) return pool_->requestStop();
  pool_->stop();
  stopLoop();
}

void ServiceCore::stopLoop() {
  wait_->stop();
  loop_.post([this] { source_->refuseRest(who()); });
  loop_.stop();
}

}  // namespace dividere::detail
