#pragma once

// A bare ZeroMQ socket.

#include <zmq.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "../../core/detail/fork.hpp"
#include "../context.hpp"
#include "retry_interrupted.hpp"

namespace dividere::detail {

/// How long closed sockets of this process may take to let go of what a new one needs (a port, a place in the context's
/// table): libzmq closes them in the background.
constexpr std::chrono::milliseconds kReleaseLimit{1000};

/// "4.3.4"
inline std::string versionText(int major, int minor, int patch) {
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

/// Of the libzmq that is linked.
inline std::string zmqVersion() {
  int major, minor, patch;
  zmq_version(&major, &minor, &patch);
  return versionText(major, minor, patch);
}

/// Owns what zmq_socket(3) returns, with its options and its errors; sees no EINTR.
class NativeSocket {
 public:
  /// `who`, a literal, names the class in errors. Waits a moment for a place in the context's table, as sockets of this
  /// process that are closed already may still have one.
  NativeSocket(const char* who, int type, std::shared_ptr<connection::Context> context);
  ~NativeSocket() { close(); }
  NativeSocket(const NativeSocket&) = delete;
  NativeSocket& operator=(const NativeSocket&) = delete;

  /// Does nothing the second time, or in a forked child: there it would end the parent's connections.
  void close();

  bool isOpen() const noexcept { return handle_ != nullptr; }
  void* handle() const noexcept { return handle_; }
  void* context() const noexcept { return context_->native(); }
  connection::Context& contextObject() const noexcept { return *context_; }

  void set(int option, int value) { set(option, &value, sizeof value); }
  void set(int option, const void* value, std::size_t size);
  int get(int option) const;
  std::int64_t getWide(int option) const;  // of those that have 64 bits

  const char* className() const noexcept { return className_; }
  const std::string& who() const noexcept { return who_; }
  const ForkGuard& fork() const noexcept { return fork_; }

  /// Throws the error that errno holds.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  template <class Value>
  Value getAs(int option) const;

  const char* const className_;
  const std::string who_;  // the same
  const ForkGuard fork_;
  std::shared_ptr<connection::Context> context_;
  void* handle_ = nullptr;
};

}  // namespace dividere::detail
