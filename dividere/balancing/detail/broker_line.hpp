#pragma once

// What a Worker says to its broker, and hears from it.

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/describing.hpp"
#include "../../reactor/detail/handler_table.hpp"
#include "../../reactor/detail/late_replies.hpp"
#include "../../reactor/detail/reactor_loop.hpp"
#include "../worker.hpp"
#include "dialect.hpp"
#include "frame_source.hpp"
#include "worker_tasks.hpp"

namespace dividere::detail {

constexpr const char* kWorker = "balancing::Worker";

/// A Worker's end of the connection to one broker: registers, gives signs of life, takes requests and sends parts and
/// replies. In the loop's thread, but for what is said to be for any.
///
/// A broker of the Python package takes whatever it hears for a sign that the worker is idle. So one that is not known to be
/// ours hears nothing but replies while there is something to do.
class BrokerLine final : public LateReplies::Outlet {
 public:
  /// Connects. What comes goes to `tasks`. The loop outlives it, and the loop's thread ends before it.
  BrokerLine(ReactorLoop& loop, LineTasks tasks, const std::string& endpoint, const balancing::WorkerOptions& options,
             Dialect dialect, HandlerTable& handlers);
  ~BrokerLine() { late_->close(); }

  /// A sign of life, if it is time for one.
  void beatIfDue();

  /// A reply, or a part. Any thread.
  void reply(Multipart&& message);

  /// Replies that are left to Laters. Any thread.
  const std::shared_ptr<LateReplies>& lateReplies() const { return late_; }

  static Multipart along(const connection::Route& route, Frame&& frame);

  /// In place of a reply that nobody wants: the broker learns that there is room again. Any thread.
  void replyCancelled(std::vector<Frame>&& route);

  // Of requests that were left to Laters:
  void sendLate(const connection::Route& route, Frame& frame) override;
  void lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept override;
  void lateForgotten(const connection::Route& route) noexcept override;
  void requireLate(std::size_t bytes) override { requireSendable(bytes); }

  /// What is the last to be said.
  void sayGoodbye();

  /// Throws Error{tooLarge} for a reply that no broker would take. Any thread.
  void requireSendable(std::size_t bytes) const { source_.socket().requireSendable(bytes); }

 private:
  using Clock = Deadline::Clock;

  FrameSource& open(const std::string& endpoint);
  void onEvent(const connection::SocketEvent& event);
  void onMessage(Multipart& message);
  static bool isWord(const Multipart& message);
  void onWord(Multipart& message);
  void takeCaller(WorkerTask& task) const;
  void readTerms(WorkerTask& task) const;
  void cutOff();
  void endLate();
  void onSignal(const Signal& signal, const Frame& frame);
  bool mayTell(const Frame& frame) const;
  void tellOffer();
  void wasLost();
  void introduce();
  bool isIdle() const { return tasks_.isIdle() && late_->isEmpty(); }
  bool mayBeat() const { return isOurs_ || isIdle(); }
  void beat();
  Signal signal(Signal::Kind kind) const;
  void say(const Signal& signal);
  void queue(Multipart&& message);
  void flushReplies();
  bool trySend(Multipart& reply);

  // Constant.
  ReactorLoop& loop_;
  const LineTasks tasks_;
  const balancing::WorkerOptions options_;
  const Dialect dialect_;
  const DescribeRule rule_ = describeRule();
  HandlerTable& handlers_;
  const std::shared_ptr<LateReplies> late_;
  std::string id_;
  FrameSource& source_;

  // The loop's thread alone.
  bool isConnected_ = false;
  bool isOurs_ = false;         // the broker
  std::uint32_t features_ = 0;  // what it understands
  bool vouches_ = false;        // it tells whose each request is, and its key is known
  bool hasTold_ = false;        // what it handles
  bool owesBeat_ = false;       // it asked, when it was better to say nothing
  Clock::time_point lastBeat_{};
  std::deque<Multipart> unsent_;
  RateLimit junk_;

  std::mutex mutex_;
  std::deque<Multipart> replies_;  // under mutex_
};

}  // namespace dividere::detail
