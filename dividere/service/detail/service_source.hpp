#pragma once

// Where a service's requests come in.

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../../reactor/detail/caller_watch.hpp"
#include "../../reactor/detail/reactor_loop.hpp"
#include "../../reactor/detail/router_source.hpp"
#include "../service.hpp"
#include "handler_pool.hpp"

namespace dividere::detail {

constexpr const char* kService = "service::Service";

/// What every service understands beyond requests (Feature).
constexpr std::uint32_t kServiceFeatures = kCancelFeature | kPartsFeature | kDescribeFeature;

/// The wait of a handler that runs in the loop's thread, which others may end, also when the socket is gone.
class HandlerWait {
 public:
  /// No handler waits any longer. Any thread.
  void stop();

  // In the loop's thread: what wakes it until end(); false after stop().
  bool begin(int waker);
  bool end();

  /// Has it look for news, if it waits. Any thread.
  void wake();

 private:
  std::mutex mutex_;
  int wakes_ = -1;           // under mutex_
  bool isStopping_ = false;  // under mutex_
};

/// The socket of a service. Has requests handled in the loop's thread, or hands them to a pool. All in the loop's thread.
class ServiceSource final : public RouterSource {
  using Clock = Deadline::Clock;

 public:
  /// `pool` may be null. Throws Error{noFreePort}.
  ServiceSource(const service::ServiceOptions& options, HandlerTable& handlers, ReactorLoop& loop, HandlerPool* pool);
  ~ServiceSource() override { late_->close(); }

  /// Any thread.
  CallerWatch* callerWatch() override;

  bool hasMessage() override;
  void take() override;

  /// The pool has room again.
  void fillPool();

  /// Sends a part or a reply of a request that another thread has. Where it is dropped, that one is cancelled.
  void sendFor(const connection::Route& route, Frame& frame);
  void sendLate(const connection::Route& route, Frame& frame) override { sendFor(route, frame); }

  /// Tells all whose requests no handler has begun, or whose replies were to come later, that the service `who` is
  /// stopping.
  void refuseRest(const std::string& who);

  std::shared_ptr<LateReplies> lateReplies() override { return late_; }

  const std::shared_ptr<HandlerWait>& handlerWait() const { return wait_; }

 private:
  void countWaiting() { socket().tally().queue.set(waiting_.size()); }
  void takeHere();
  void takeNews() override;
  void requireParts() const override {}
  void sendPart(Frame& frame) override;
  CallControl::Credit takeCredit(std::uint32_t& part) override;
  bool awaitNews(const Deadline& deadline);
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
  Clock::time_point lookedAt_{};          // for what is behind them, last

  const std::shared_ptr<HandlerWait> wait_ = std::make_shared<HandlerWait>();
  std::once_flag watchesCallers_;
  std::optional<CallerWatch> callers_;  // made when a handler wants it
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
  void requireParts() const override {}
  void sendPart(Frame& frame) override { post(frame); }
  void post(Frame& frame);
  std::shared_ptr<LateReplies> lateReplies() override { return source_.lateReplies(); }
  CallerWatch* callerWatch() override { return source_.callerWatch(); }

  HandlerPool::Job& job_;
  ReactorLoop& loop_;
  ServiceSource& source_;
};

}  // namespace dividere::detail
