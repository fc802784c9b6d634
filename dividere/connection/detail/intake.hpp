#pragma once

// What a layer above has to say about messages before the user of a Subscriber gets them.

#include <cstddef>
#include <string_view>

#include "../../core/detail/deadline.hpp"
#include "multipart.hpp"

namespace dividere::detail {

class Intake {
 public:
  using Clock = Deadline::Clock;

  virtual ~Intake() = default;

  // In the thread that receives:

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

  // In place of all that, where the newest messages alone are kept for the user:

  /// What was sent to this subscriber alone becomes the message in it, of one frame, or none; false for any other. As notes(), and
  /// before it.
  virtual bool unwrap(Multipart& message) = 0;

  /// Whether this message is one for the user; its series, a view into it, is set then. One thread at a time, in the order in
  /// which messages come.
  virtual bool notes(std::string_view message, std::string_view& series) = 0;

  /// So many messages that it has noted, the user does not get. As notes().
  virtual void skips(std::size_t count) = 0;

  /// The user gets this message now. In the thread that receives, meanwhile others may be noted.
  virtual void hands(std::string_view message) = 0;

 protected:
  bool hasHeld_ = false;
  Clock::time_point due_ = Clock::time_point::max();
};

}  // namespace dividere::detail
