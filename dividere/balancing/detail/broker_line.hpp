#pragma once

// What a Worker says to its broker, and hears from it.

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/detail/log_line.hpp"
#include "../../reactor/detail/reactor_loop.hpp"
#include "../worker.hpp"
#include "dialect.hpp"
#include "frame_source.hpp"
#include "worker_tasks.hpp"

namespace dividere::detail {

constexpr const char* kWorker = "balancing::Worker";

/// A Worker's end of the connection to one broker: registers, gives signs of life, takes requests and sends replies. In the loop's thread,
/// but for what is said to be for any.
///
/// A broker of the Python package takes whatever it hears for a sign that the worker is idle. So one that is not known to be
/// ours hears nothing but replies while there is something to do.
class BrokerLine {
 public:
  /// Connects. What comes goes to `tasks`. The loop outlives it, and the loop's thread ends before it.
  BrokerLine(ReactorLoop& loop, LineTasks tasks, const std::string& endpoint, const balancing::WorkerOptions& options,
             Dialect dialect);

  /// A sign of life, if it is time for one.
  void beatIfDue();

  /// Any thread.
  void reply(Multipart&& message);

  /// In place of a reply that nobody wants: the broker learns that there is room again. Any thread.
  void replyCancelled(std::vector<Frame>&& route);

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
  static void readTerms(WorkerTask& task);
  void onSignal(const Signal& signal);
  void introduce();
  bool mayBeat() const;
  void beat();
  Signal signal(Signal::Kind kind) const;
  void say(const Signal& signal);
  void flushReplies();
  bool trySend(Multipart& reply);

  // Constant.
  ReactorLoop& loop_;
  const LineTasks tasks_;
  const balancing::WorkerOptions options_;
  const Dialect dialect_;
  std::string id_;
  FrameSource& source_;

  // The loop's thread alone.
  bool isConnected_ = false;
  bool isOurs_ = false;    // the broker
  bool vouches_ = false;   // it tells whose each request is, and its key is known
  bool owesBeat_ = false;  // it asked, when it was better to say nothing
  Clock::time_point lastBeat_{};
  std::deque<Multipart> unsent_;
  RateLimit junk_;

  std::mutex mutex_;
  std::deque<Multipart> replies_;  // under mutex_
};

}  // namespace dividere::detail
