#include "service.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <typeinfo>
#include <utility>

#include "../core/detail/fork.hpp"
#include "../core/detail/options.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "../reactor/detail/router_source.hpp"
#include "../registry/detail/entry_rules.hpp"
#include "../registry/detail/own_address.hpp"
#include "../registry/detail/registry_link.hpp"
#include "detail/handler_pool.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

// How long stop() waits for the registries to acknowledge: without it the lease would end anyway.
constexpr auto kUnregisterLimit = 200ms;
constexpr auto kRegistrationLimit = 3000ms;

constexpr const char* kService = "service::Service";

/// The socket of a service: handles in the loop's thread, or hands over to a pool.
class ServiceSource final : public RouterSource {
 public:
  ServiceSource(const service::ServiceOptions& options, HandlerTable& handlers, HandlerPool* pool)
      : RouterSource(kService, options.socket, handlers), pool_(pool) {
    if (!socket().bindToFirstFree(options.firstPort, options.lastPort)) {
      throw Error(Errc::noFreePort, "service::Service: bind one of the ports [" + std::to_string(options.firstPort) +
                                        ", " + std::to_string(options.lastPort) + "]");
    }
  }

  bool hasMessage() override {
    if (!pool_ || !pool_->isFull()) return RouterSource::hasMessage();
    socket().decline();  // until the pool has room again
    return false;
  }

  void take() override {
    if (!pool_) return RouterSource::take();
    Frame& body = receive();
    pool_->add({route_, std::move(body)});
  }

  /// Answers all that nobody will handle any more.
  void refuseRest(const std::string& who) {
    const Error error(Errc::stopping, who);
    if (pool_) {
      std::vector<connection::Route> routes;
      for (const HandlerPool::Job& job : pool_->takeRest()) routes.push_back(job.route);
      sendLast(routes, errorEnvelope(error));
    }
    refuseWaiting(error);
  }

 private:
  HandlerPool* const pool_;
};

/// A request in the hands of a pool's thread; its answer goes by way of the loop's.
class PooledOrigin final : public Origin {
 public:
  PooledOrigin(HandlerPool::Job& job, ReactorLoop& loop, ServiceSource& source) : loop_(loop), source_(source) {
    route_ = std::move(job.route);
  }

  void send(Frame& frame) override {
    if (isReplied()) throw Error(Errc::outOfTurn, "service::Service: send: this request has had its reply");
    source_.socket().requireSendable(frame.size());
    loop_.post([this_ = &source_, route = route_, shared = std::make_shared<Frame>(std::move(frame))] {
      this_->sendTo(route, *shared);
    });
  }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

 private:
  ReactorLoop& loop_;
  ServiceSource& source_;
};

class ServiceCore {
 public:
  ServiceCore(std::string name, const service::ServiceOptions& options, HandlerTable& handlers)
      : options_(options), name_(std::move(name)), handlers_(handlers), loop_(kService, handlers.errorSink()) {
    requireOption(options_.threads > 0, kService, "threads must be at least 1");
    requireOption(options_.firstPort > 0, kService, "firstPort must be at least 1");
    requireOption(options_.firstPort <= options_.lastPort, kService, "lastPort must not be below firstPort");
    requireOption(options_.lease >= 0ms, kService, "lease must not be negative");
    requireOption(options_.jitter >= 0ms, kService, "jitter must not be negative");
    if (!options_.advertise.empty()) requireHost(kService, "advertise", options_.advertise);
    if (options_.threads > 1) makePool(static_cast<std::size_t>(options_.threads));
    auto source = std::make_unique<ServiceSource>(options_, handlers_, pool_.get());
    source_ = source.get();
    port_ = source->socket().port();
    loop_.add(std::move(source));
  }

  ~ServiceCore() { stop(); }

  void every(std::chrono::milliseconds period, std::function<void()> function) {
    loop_.every(period, std::move(function));
  }

  bool start(const std::string& defaultName, std::chrono::milliseconds timeout) {
    fork_.require("service::Service: start");
    const auto registration = std::make_shared<Registration>();
    if (!begin(defaultName, registration)) return false;
    const bool isKnown = registration->known.wait(Deadline::in(timeout));
    std::lock_guard<std::mutex> lock(mutex_);
    return isKnown && !stopped_;
  }

  void stop() {
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
    // The loop ends after the last handler: it sends their answers.
    if (isInside) return pool_->requestStop();
    pool_->stop();
    stopLoop();
  }

  void post(std::function<void()> function) { loop_.post(std::move(function)); }
  const std::string& name() const { return name_; }
  std::uint16_t port() const { return port_; }

 private:
  void makePool(std::size_t threads) {
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

  bool begin(const std::string& defaultName, const std::shared_ptr<Registration>& registration) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return false;
    if (started_) throw Error(Errc::outOfTurn, who() + ": start() is called once");
    if (name_.empty()) name_ = defaultName;
    requireServiceName("service::Service: start", name_);
    registration->who = who();
    registration->service.name = name_;
    registration->service.server = options_.advertise.empty() ? ownAddress() : options_.advertise;
    registration->service.port = port_;
    registration->lease = std::min<std::chrono::milliseconds>(options_.lease, kLongestLease);
    registration->jitter = clampedPeriod(options_.jitter);
    link_ = RegistryLink::to(who(), options_.registries);
    handlers_.seal(who());
    loop_.start(who());
    if (pool_) pool_->start();
    started_ = true;
    registration_ = registration;
    link_->begin(registration);
    return true;
  }

  void stopLoop() {
    loop_.post([this] { source_->refuseRest(who()); });
    loop_.stop();
  }

  std::string who() const { return name_.empty() ? kService : std::string(kService) + " '" + name_ + "'"; }

  // Constant once started.
  const ForkGuard fork_;
  const service::ServiceOptions options_;
  std::string name_;
  std::uint16_t port_ = 0;
  std::shared_ptr<RegistryLink> link_;
  ServiceSource* source_ = nullptr;  // the loop's

  std::mutex mutex_;
  bool started_ = false;                        // under mutex_
  bool stopped_ = false;                        // under mutex_
  std::shared_ptr<Registration> registration_;  // under mutex_, while it is registered

  HandlerTable& handlers_;
  std::unique_ptr<HandlerPool> pool_;
  ReactorLoop loop_;
};

// "ns::(anonymous namespace)::Calculator" is known as "ns.Calculator".
std::string dottedTypeName(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                        std::free);
  std::string name = status == 0 && readable ? readable.get() : type.name();
  const auto replaceAll = [&](const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = name.find(what, at)) != std::string::npos; at += with.size()) {
      name.replace(at, what.size(), with);
    }
  };
  replaceAll("(anonymous namespace)::", "");
  replaceAll("::", ".");
  return name;
}

std::string serviceNameOf(const service::Service& service) {
#if defined(__cpp_rtti) || defined(__GXX_RTTI)
  // typeid would be undefined for a class that was compiled with -fno-rtti, though this was not: then there is nothing
  // where it looks, before the virtual table.
  const std::type_info* const* table;
  std::memcpy(&table, static_cast<const void*>(&service), sizeof table);
  const std::type_info* const type = table[-1];
  return !type || *type == typeid(service::Service) ? std::string() : dottedTypeName(*type);
#else
  static_cast<void>(service);
  return {};
#endif
}

}  // namespace dividere::detail

namespace dividere::service {

Service::Service(const std::string& name, const ServiceOptions& options)
    : core_((detail::requireServiceName(detail::kService, name),
             std::make_unique<detail::ServiceCore>(name, options, handlers()))) {}

Service::Service(const ServiceOptions& options)
    : core_(std::make_unique<detail::ServiceCore>(std::string(), options, handlers())) {}

Service::~Service() = default;

Service& Service::every(std::chrono::milliseconds period, std::function<void()> function) {
  core_->every(period, std::move(function));
  return *this;
}

bool Service::start(std::chrono::milliseconds timeout) { return core_->start(detail::serviceNameOf(*this), timeout); }

void Service::start() {
  if (start(detail::kRegistrationLimit)) return;
  detail::log(LogLevel::warning, detail::kService, name() + ": no registry has answered yet; it goes on trying");
}

void Service::stop() { core_->stop(); }

void Service::post(std::function<void()> function) { core_->post(std::move(function)); }

const std::string& Service::name() const { return core_->name(); }

std::uint16_t Service::port() const { return core_->port(); }

}  // namespace dividere::service
