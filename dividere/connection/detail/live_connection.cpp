#include "live_connection.hpp"

#include <sys/stat.h>

#include "frame.hpp"

namespace dividere::detail {

LiveConnection::LiveConnection(const Frame& received) noexcept : descriptor_(received.sourceDescriptor()) {
  struct stat now = {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &now) != 0) return;
  wasThere_ = true;
  device_ = now.st_dev;
  inode_ = now.st_ino;
}

// No two sockets have one inode, one after the other neither.
bool LiveConnection::hasEnded() const noexcept {
  if (descriptor_ < 0) return false;
  struct stat now = {};
  return !wasThere_ || ::fstat(descriptor_, &now) != 0 || now.st_dev != device_ || now.st_ino != inode_;
}

}  // namespace dividere::detail
