#pragma once

#include <cstddef>
#include <optional>
#include <string>  // its iterators have tags; all of <iterator> takes three per cent longer to compile
#include <utility>

#include "call.hpp"

namespace dividere {

/// The parts of one call, read in a loop. stream() of a client returns it.
///
///     for (Sample& sample : client.stream<Sample>(request, 10s)) use(sample);
///
/// The sender of the parts waits for the reader: only a few are under way. The loop ends when the reply has come, which is no part.
/// It throws Error where a call would: for a handler's failure, and Errc::deadlinePassed when the time is up. A Stream that is
/// destroyed before its end is cancelled, and its sender stops.
///
/// One thread at a time; movable before the loop.
template <class Part>
class Stream {
 public:
  /// Waits for the next part, which is overwritten by the one after it. Null at the end.
  Part* next() { return handle_.nextPart(part_) ? &part_ : nullptr; }

  /// The same, but null also if none came in time, or the Interrupt was raised: then timedOut(), and the stream goes on.
  Part* next(Timeout timeout) { return nextUntil(timeout, nullptr); }
  Part* next(Timeout timeout, const Interrupt& interrupt) { return nextUntil(timeout, &interrupt); }

  /// Whether the last next(timeout) gave null before the end.
  bool timedOut() const noexcept { return timedOut_; }

  /// Waits for the reply; after the end it is there.
  template <class Reply>
  Outcome<Reply> reply() const {
    return Outcome<Reply>(handle_);
  }

  /// Ends it: the loop throws Errc::cancelled. Any thread.
  void cancel() { handle_.cancel(); }

  struct End {};
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Part;
    using difference_type = std::ptrdiff_t;
    using pointer = Part*;
    using reference = Part&;

    explicit Iterator(Stream& stream) : stream_(&stream), part_(stream.next()) {}
    Part& operator*() const { return *part_; }
    Part* operator->() const { return part_; }
    Iterator& operator++() {
      part_ = stream_->next();
      return *this;
    }
    bool operator!=(const End&) const { return part_ != nullptr; }

   private:
    Stream* stream_;
    Part* part_;
  };
  Iterator begin() { return Iterator(*this); }
  End end() { return {}; }

  explicit Stream(detail::CallHandle&& handle) : handle_(std::move(handle)) { handle_.readParts(); }

 private:
  Part* nextUntil(Timeout timeout, const Interrupt* interrupt) {
    timedOut_ = !handle_.waitForPart(timeout, interrupt);
    return timedOut_ ? nullptr : next();
  }

  detail::CallHandle handle_;
  Part part_;
  bool timedOut_ = false;
};

}  // namespace dividere
