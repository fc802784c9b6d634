#pragma once

// Where a service's requests come in.

#include <deque>
#include <memory>
#include <string>

#include "../../reactor/detail/reactor_loop.hpp"
#include "../../reactor/detail/router_source.hpp"
#include "../service.hpp"
#include "handler_pool.hpp"

namespace dividere::detail {

constexpr const char* kService = "service::Service";

/// What every service understands beyond requests (Feature).
constexpr std::uint32_t kServiceFeatures = kCancelFeature;

/// The socket of a service. Has requests handled in the loop's thread, or hands them to a pool. All in the loop's thread.
class ServiceSource final : public RouterSource {
 public:
  /// `pool` may be null. Throws Error{noFreePort}.
  ServiceSource(const service::ServiceOptions& options, HandlerTable& handlers, ReactorLoop& loop, HandlerPool* pool);
  ~ServiceSource() override { late_->close(); }

  bool hasMessage() override;
  void take() override;

  /// The pool has room again.
  void fillPool();

  /// Tells all whose requests no handler has begun, or whose replies were to come later, that the service `who` is
  /// stopping.
  void refuseRest(const std::string& who);

  std::shared_ptr<LateReplies> lateReplies() override { return late_; }

 private:
  void takeHere();
  void takeNews() override;
  bool takeIn(HandlerPool::Job& job);
  bool takeControl(const HandlerPool::Job& job);
  void cancel(const connection::Route& route);
  void addCredit(const connection::Route& route, std::uint32_t parts);
  void handle(HandlerPool::Job& job);
  void tellFeatures(const connection::Route& route);

  HandlerPool* const pool_;
  const std::shared_ptr<LateReplies> late_;

  std::deque<HandlerPool::Job> waiting_;  // taken in, so that what is behind them can be seen
  bool isHandling_ = false;               // here, without a pool
};

/// A request in the hands of a pool's thread. Its reply goes by way of the loop's.
class PooledOrigin final : public Origin {
 public:
  PooledOrigin(HandlerPool::Job& job, ReactorLoop& loop, ServiceSource& source);
  ~PooledOrigin() override;

  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

 private:
  void send(Frame& frame) override;
  std::shared_ptr<LateReplies> lateReplies() override { return source_.lateReplies(); }

  HandlerPool::Job& job_;
  ReactorLoop& loop_;
  ServiceSource& source_;
};

}  // namespace dividere::detail
