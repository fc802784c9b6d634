#pragma once

#include <unistd.h>

#include <utility>

namespace dividere::detail {

/// Closes the file descriptor it holds.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int fd = -1) noexcept : fd_(fd) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~OwnedDescriptor() { close(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }

 private:
  void close() noexcept {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd_;
};

}  // namespace dividere::detail
