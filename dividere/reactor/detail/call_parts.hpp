#pragma once

// The parts of a call that come before its reply, and the credit for more of them.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/bell.hpp"

namespace dividere::detail {

/// Keeps parts until they are taken. A peer that keeps to its credit never has more than a few here; one that does not is
/// found out. Any thread.
class CallParts {
 public:
  /// Takes a part if it is one of those that it is for. What it throws passes.
  using Handler = std::function<bool(std::string_view envelope)>;

  enum class Added { yes, tooMany, lost };

  /// Says no if the peer has sent more than it may, or those before it were lost. If `keepsLast`, nobody may ever take them:
  /// the last few are kept, and all count as taken. A first part after others is that of a new run, by somebody else: those
  /// of the former that nobody has taken are dropped.
  Added add(Frame&& part, std::uint32_t number, bool keepsLast);

  /// Those that are there count as taken.
  void countAll();

  void addHandler(Handler handler);

  /// Whether a handler waits for a part that is there.
  bool isDue() const;

  /// Gives the next part to the handlers; false if there is none, or no handler. A part that none takes is dropped. One thread at
  /// a time.
  bool handleNext();

  /// Whether the handlers have had all parts that are there, waiting for that until the deadline. True in a handler.
  bool awaitHandled(const Deadline& deadline);

  /// No handler runs any more when this returns, but one that this is called in.
  void dropHandlers() noexcept;

  /// The next part, if there is one.
  bool take(Frame& part);

  /// Whether there is a part, or `hasEnded`, of which ring() tells, waiting for that until the deadline.
  template <class Condition>
  bool wait(const Condition& hasEnded, const Deadline& deadline) {
    return arrived_.wait([&] { return !isEmpty() || hasEnded(); }, deadline);
  }
  void ring() noexcept { arrived_.ring(); }

  /// How many more the peer may be allowed, if that is worth a message; it is then taken to be.
  std::uint32_t takeCredit();

  /// The peer could not be told.
  void putBack(std::uint32_t credit);
  bool hasCredit() const;

 private:
  bool isEmpty() const;
  bool isHandled(bool all) const;
  void setHandling(std::thread::id thread) noexcept;

  mutable std::mutex mutex_;
  std::list<Frame> parts_;                                // under mutex_
  std::shared_ptr<const std::vector<Handler>> handlers_;  // under mutex_; null: none
  std::thread::id handling_;                              // under mutex_: in which handlers run; none
  std::uint32_t taken_ = 0;                               // under mutex_: since credit was given last
  std::uint32_t last_ = 0;                                // under mutex_: the number of the part that came last
  Bell arrived_;
};

}  // namespace dividere::detail
