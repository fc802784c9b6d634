#pragma once

#include <zmq.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "limit.hpp"

namespace support {

using Frames = std::vector<std::string>;

/// A peer that knows nothing of dividere: plain libzmq, by default in a context of its own.
class RawSocket {
 public:
  explicit RawSocket(int type, void* context = nullptr) : own_(context ? nullptr : zmq_ctx_new()) {
    socket_ = zmq_socket(context ? context : own_, type);
    set(ZMQ_LINGER, 0);
    set(ZMQ_RCVTIMEO, static_cast<int>(kLimit.count()));
    set(ZMQ_SNDTIMEO, static_cast<int>(kLimit.count()));
  }
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void close() {
    if (socket_) zmq_close(socket_);
    if (own_) zmq_ctx_term(own_);
    socket_ = own_ = nullptr;
  }

  /// Where it is bound then.
  std::string bind(const std::string& endpoint = "tcp://127.0.0.1:*") {
    check(zmq_bind(socket_, endpoint.c_str()));
    char resolved[256];
    std::size_t size = sizeof resolved;
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, resolved, &size));
    return resolved;
  }
  void connect(const std::string& endpoint) { check(zmq_connect(socket_, endpoint.c_str())); }
  void disconnect(const std::string& endpoint) { check(zmq_disconnect(socket_, endpoint.c_str())); }

  void set(int option, int value) { check(zmq_setsockopt(socket_, option, &value, sizeof value)); }
  void set(int option, const std::string& value) { check(zmq_setsockopt(socket_, option, value.data(), value.size())); }

  void send(const Frames& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const int more = i + 1 < frames.size() ? ZMQ_SNDMORE : 0;
      check(zmq_send(socket_, frames[i].data(), frames[i].size(), more));
    }
  }

  /// Nothing if no message comes within the limit.
  std::optional<Frames> recv(std::chrono::milliseconds limit = kLimit) {
    set(ZMQ_RCVTIMEO, static_cast<int>(limit.count()));
    Frames frames;
    int more = 1;
    while (more) {
      zmq_msg_t message;
      zmq_msg_init(&message);
      if (zmq_msg_recv(&message, socket_, 0) < 0) return std::nullopt;
      frames.emplace_back(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
      more = zmq_msg_more(&message);
      zmq_msg_close(&message);
    }
    return frames;
  }

  void* native() { return socket_; }

 private:
  static void check(int result) {
    if (result < 0) throw std::runtime_error(std::string("libzmq: ") + zmq_strerror(errno));
  }

  void* own_;
  void* socket_ = nullptr;
};

}  // namespace support
