#pragma once

// Everything in this process that counts what it does.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "../statistics.hpp"
#include "fork.hpp"

namespace dividere::detail {

/// Counts what one thread at a time does. Read by any. (No fetch_add(): that is a locked instruction for each message.)
class Counter {
 public:
  void add(std::uint64_t count) noexcept { value_.store(read() + count, std::memory_order_relaxed); }
  std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A figure that goes up and down, set by one thread at a time.
class Gauge {
 public:
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// An endpoint that a socket of this process connects to, and what came and went by that socket.
struct ConnectedTo {
  std::string kind, name;  // the socket's, as in Statistics
  std::string endpoint;
  std::uint64_t messagesIn, messagesOut;
};

/// Stands in the book as long as it lives.
class StatisticsSource {
 public:
  StatisticsSource();
  StatisticsSource(const StatisticsSource&) = delete;
  StatisticsSource& operator=(const StatisticsSource&) = delete;

  /// Called under processMutex(), from any thread.
  virtual Statistics read() const = 0;

  /// Adds what it connects to, until there are `most` in all. As read().
  virtual void addConnections(std::vector<ConnectedTo>&, std::size_t most) const { static_cast<void>(most); }

  bool isOwn() const noexcept { return !fork_.crossed(); }

  /// No read() is under way or comes after this. The derived destructor calls it first. One thread.
  void leave() noexcept;

 protected:
  virtual ~StatisticsSource();

 private:
  ForkGuard fork_;
  bool isListed_ = false;
  std::list<const StatisticsSource*>::iterator place_;
};

/// What the sockets of this process connect to now; `most` at most, in the order the sockets were made. Any thread.
std::vector<ConnectedTo> connectionsOfProcess(std::size_t most);

/// Calls `function` with the name, as openMetrics() has it without "dividere_" and "_total", and the value of each figure.
void forEachFigure(const Statistics& statistics, const std::function<void(const char*, std::uint64_t)>& function);

/// The name of such a figure: the handshakes that failed for this reason.
std::string nameOf(const HandshakeFaults& faults);

/// The same of a handler, named as in openMetrics(), with what it handles and the buckets' bounds: how many messages, buckets
/// where any has come to, and the sum in nanoseconds, which is a whole number. Nothing of one that has not run.
void forEachFigure(const HandlerTime& time, const std::function<void(std::string, std::uint64_t)>& function);

}  // namespace dividere::detail
