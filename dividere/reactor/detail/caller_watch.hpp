#pragma once

// Callers that go while their requests are handled.

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "../../connection/detail/socket.hpp"
#include "call_control.hpp"
#include "ended_connections.hpp"

namespace dividere::detail {

/// Tells requests that came by one socket when their connections end, those alone that want to know. Made when the first one
/// does. It ends before the socket and the loop.
class CallerWatch {
 public:
  /// `news` is called, in the watcher's thread, when there is something for takeNews(). May be null.
  CallerWatch(Socket& socket, ReactorLoop& loop, std::function<void()> news = nullptr);
  ~CallerWatch();
  CallerWatch(const CallerWatch&) = delete;
  CallerWatch& operator=(const CallerWatch&) = delete;

  /// The request that this message brought is to be told: at once, if it is too late. Any thread.
  void follow(const std::shared_ptr<CallControl>& control, const Frame& message);

  // In the loop's thread, for a handler that keeps it from doing so by itself:

  void takeNews() { ended_.takeNews(); }
  bool hasNews() const { return ended_.hasNews(); }
  EndedConnections::Clock::time_point nextLook() const { return ended_.nextLook(); }

 private:
  using Controls = std::vector<std::shared_ptr<CallControl>>;

  void look(const std::vector<int>& descriptors);
  Controls all();
  void forgetEnded();

  Socket& socket_;
  const std::function<void()> news_;
  EndedConnections ended_;

  std::mutex mutex_;
  std::unordered_map<const CallControl*, std::weak_ptr<CallControl>> following_;  // under mutex_
  std::size_t forgetAt_;                                                          // under mutex_
  bool isNew_ = true;                                                             // under mutex_
};

}  // namespace dividere::detail
