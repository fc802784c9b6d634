#pragma once

// What is inside a Worker.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/thread.hpp"
#include "../../reactor/detail/handler_table.hpp"
#include "../../reactor/detail/origin.hpp"
#include "broker_line.hpp"

namespace dividere::detail {

/// Two threads: a loop that owns the sockets and is never busy for long, so that signs of life go on, and one that runs the
/// handlers.
class WorkerCore {
 public:
  WorkerCore(std::vector<std::string> endpoints, const balancing::WorkerOptions& options, HandlerTable& handlers);
  ~WorkerCore() { stop(); }

  void onBytes(std::function<std::string(std::string_view)> handler);
  void start();
  void stop();

  bool isOfOtherProcess() const { return fork_.crossed(); }
  const std::vector<std::string>& endpoints() const { return endpoints_; }

 private:
  class TaskOrigin;

  void requireHandlers() const;
  void openLines();
  void handleTasks();
  void handleBytes(WorkerTask& task, TaskOrigin& origin);

  // Constant once started.
  const std::vector<std::string> endpoints_;
  balancing::WorkerOptions options_;
  const ForkGuard fork_;
  HandlerTable& handlers_;
  std::function<std::string(std::string_view)> onBytes_;
  bool started_ = false;

  WorkerTasks tasks_;
  std::vector<std::unique_ptr<BrokerLine>> lines_;  // one a broker, once started
  ReactorLoop loop_;
  StoppableThread handling_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
