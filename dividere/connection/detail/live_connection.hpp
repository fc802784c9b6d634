#pragma once

// Whether a connection is still there.

#include <sys/types.h>

namespace dividere::detail {

class Frame;

/// The connection that a message came by. Its descriptor's number may be that of another one by now, which does not count.
class LiveConnection {
 public:
  LiveConnection() = default;  ///< one of which nothing is known: it does not end

  /// Of the connection that brought this frame. Not the frame that a ROUTER puts in front, which does not always know it.
  explicit LiveConnection(const Frame& received) noexcept;

  /// -1: it is not known, as with inproc.
  int descriptor() const noexcept { return descriptor_; }

  bool hasEnded() const noexcept;

 private:
  int descriptor_ = -1;
  bool wasThere_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace dividere::detail
