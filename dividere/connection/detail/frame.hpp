#pragma once

// One ZeroMQ frame.

#include <zmq.h>

#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "../../core/detail/thread_sanitizer.hpp"
#include "../keys.hpp"
#include "frame_memory.hpp"

namespace dividere::detail {

/// Owns a zmq_msg_t. Moving moves the bytes' ownership, never the bytes (those of up to 33 live inside).
class Frame {
 public:
  Frame() noexcept { zmq_msg_init(&message_); }

  /// Of this size, to be filled in place through data(). Throws std::bad_alloc.
  explicit Frame(std::size_t size) {
    if (!makeMessage(message_, size)) throw std::bad_alloc();
  }

  explicit Frame(std::string_view bytes) : Frame(bytes.size()) {
    if (!bytes.empty()) std::memcpy(data(), bytes.data(), bytes.size());
  }

  Frame(Frame&& other) noexcept : Frame() { zmq_msg_move(&message_, &other.message_); }
  Frame& operator=(Frame&& other) noexcept {
    zmq_msg_move(&message_, &other.message_);
    return *this;
  }
  ~Frame() { zmq_msg_close(&message_); }

  /// Another one with the same bytes: all but the shortest share them, so neither may be changed any more. Throws
  /// std::bad_alloc.
  Frame share() {
    Frame copy;
    if (zmq_msg_copy(&copy.message_, &message_) != 0) throw std::bad_alloc();
    return copy;
  }

  char* data() noexcept { return static_cast<char*>(zmq_msg_data(&message_)); }
  std::size_t size() const noexcept { return zmq_msg_size(&message_); }
  bool more() const noexcept { return zmq_msg_more(&message_) != 0; }
  zmq_msg_t* native() noexcept { return &message_; }

  std::string_view view() const noexcept {
    // zmq_msg_data() takes a pointer to non-const for no reason of its own.
    return {static_cast<const char*>(zmq_msg_data(const_cast<zmq_msg_t*>(&message_))), size()};
  }
  std::string str() const { return std::string(view()); }

  /// The IP address of the peer that sent it; empty for what came by another transport, or was made here.
  std::string peerAddress() const {
    std::string address = property("Peer-Address");
    // Over ipc it is "localhost:user:group:process": no number.
    const bool isIp = std::strspn(address.c_str(), "0123456789abcdefABCDEF:") > 0;
    return isIp ? address : std::string();
  }

  /// What kind of socket it says that it is: "DEALER". Empty for inproc.
  std::string socketType() const { return property("Socket-Type"); }

  /// Whether the peer's end of the connection is on this host: over loopback, ipc or inproc.
  bool isFromThisHost() const {
    const std::string address = property("Peer-Address");
    if (address.empty()) return socketType().empty();
    for (const char* own : {"127.", "::ffff:127.", "localhost:"}) {
      if (address.compare(0, std::strlen(own), own) == 0) return true;
    }
    return address == "::1";
  }

  /// The peer's name and public key, as far as its keys let it in here (Gatekeeper). A ROUTER's first frame has none.
  std::string peerName() const { return property("User-Id"); }
  std::string peerKey() const { return property("X-Key"); }
  Peer peer() const { return {peerName(), peerKey(), peerAddress()}; }

  /// The connection that brought it, by its descriptor, which may be closed by now; -1 if there was none.
  int sourceDescriptor() const noexcept { return zmq_msg_get(&message_, ZMQ_SRCFD); }

  /// What the thread sanitizer has to be told when the bytes go to another thread, or come from one.
  void handOver() noexcept {
    if (kThreadSanitizer) detail::handOver(data());
  }
  void takeOver() noexcept {
    if (kThreadSanitizer) detail::takeOver(data());
  }

 private:
  std::string property(const char* name) const {
    const char* const value = zmq_msg_gets(&message_, name);
    return value ? value : std::string();
  }

  zmq_msg_t message_;
};

/// Nothing for none.
inline std::optional<std::string> asText(const Frame* frame) {
  return frame ? std::optional<std::string>(frame->view()) : std::nullopt;
}

}  // namespace dividere::detail
