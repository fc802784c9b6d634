#pragma once

// What a layer above has to say about messages before the user of a Subscriber gets them.

#include "../../core/detail/deadline.hpp"
#include "multipart.hpp"

namespace dividere::detail {

/// In the thread that receives.
class Intake {
 public:
  using Clock = Deadline::Clock;

  virtual ~Intake() = default;

  /// Whether the user gets this message now. Called once for each as it comes, of one frame or two. The intake may move
  /// frames of those that it does not take out, and hold them back.
  virtual bool takes(Multipart& message) = 0;

  /// Whether a message was held back whose turn has come.
  bool hasHeld() const { return hasHeld_; }

  /// That message, where there is one. Valid until the next call.
  virtual const Frame& takeHeld() = 0;

  /// When onDue() is to be called though nothing has come.
  Clock::time_point due() const { return due_; }
  virtual void onDue() = 0;

 protected:
  bool hasHeld_ = false;
  Clock::time_point due_ = Clock::time_point::max();
};

}  // namespace dividere::detail
