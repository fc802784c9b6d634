#pragma once

// A service from its start to its end.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/detail/fork.hpp"
#include "../../registry/detail/lease.hpp"
#include "service_source.hpp"

namespace dividere::detail {

/// Listens, handles, and keeps itself registered. Any thread.
class ServiceCore {
 public:
  /// As service::Service says. The handlers outlive it. An empty name is given at the start.
  ServiceCore(std::string name, const service::ServiceOptions& options, HandlerTable& handlers);
  ~ServiceCore() { stop(); }

  /// Before the start.
  void every(std::chrono::milliseconds period, std::function<void()> function);
  void implements(std::string service);
  void onlyFor(const std::string& group);

  /// Whether a registry knows of it in time.
  bool start(const std::string& defaultName, const Deadline& deadline);
  void stop();

  void post(std::function<void()> function) { loop_.post(std::move(function)); }
  const std::string& name() const { return name_; }
  std::uint16_t port() const { return port_; }

 private:
  void makePool(std::size_t threads);
  std::shared_ptr<Lease> begin(const std::string& defaultName);
  EndpointTraits traits() const;
  void implementAll();
  void stopLoop();
  std::string who() const;

  // Constant once started.
  const ForkGuard fork_;
  const service::ServiceOptions options_;
  std::string name_;
  std::uint16_t port_ = 0;
  std::vector<std::string> implemented_;
  ServiceSource* source_ = nullptr;  // the loop's
  std::shared_ptr<HandlerWait> wait_;

  std::mutex mutex_;
  bool started_ = false;          // under mutex_
  bool stopped_ = false;          // under mutex_
  std::shared_ptr<Lease> lease_;  // under mutex_, from the start on

  HandlerTable& handlers_;
  std::unique_ptr<HandlerPool> pool_;
  ReactorLoop loop_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
