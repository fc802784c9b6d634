#pragma once

// How one thread gets another out of poll().

namespace dividere::detail {

/// A descriptor that is readable from wake() until drain(). Throws Error if the process has no descriptor left.
///
/// An eventfd, not a socket: it costs one descriptor, nobody else can reach it, and ZeroMQ's own signals over
/// ipc abort the process when descriptors run out.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  int fd() const noexcept { return fd_; }
  void wake() const noexcept { wake(fd_); }
  void drain() const noexcept { drain(fd_); }

  static void wake(int fd) noexcept;
  static void drain(int fd) noexcept;

  /// A descriptor of this kind for whoever closes it himself; tryOpen() returns one below zero if there is none left.
  static int open();
  static int tryOpen(bool isAwake) noexcept;

  /// Whether a read from this descriptor would return at once.
  static bool isReadable(int fd) noexcept;

  /// The calling thread's own: one for all the sockets that a thread waits on in turn.
  static Waker& ofThisThread();

 private:
  int fd_;
};

}  // namespace dividere::detail
