#pragma once

// The baseline: libzmq and protobuf as somebody would use them who knows both and has no library between. A message is
// serialized into a ZeroMQ frame, and parsed out of one; there is no envelope, so both sides must know the type.

#include <google/protobuf/message.h>
#include <zmq.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

class BareSocket {
 public:
  static void* context() {
    static void* const made = [] {
      void* context = zmq_ctx_new();
      zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 65535);
      return context;
    }();
    return made;
  }

  explicit BareSocket(int type) : socket_(zmq_socket(context(), type)) {
    if (!socket_) fail("socket");
    set(ZMQ_LINGER, 0);
  }
  BareSocket(BareSocket&& other) noexcept : socket_(other.socket_) { other.socket_ = nullptr; }
  BareSocket& operator=(BareSocket&&) = delete;
  ~BareSocket() {
    if (socket_) zmq_close(socket_);
  }

  void* native() const { return socket_; }

  void set(int option, int value) { check(zmq_setsockopt(socket_, option, &value, sizeof value), "option"); }
  void subscribe(std::string_view topic) {
    check(zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, topic.data(), topic.size()), "subscribe");
  }

  /// Where it is bound then.
  std::string bind(const std::string& endpoint) {
    check(zmq_bind(socket_, endpoint.c_str()), "bind");
    char resolved[256];
    std::size_t size = sizeof resolved;
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, resolved, &size), "endpoint");
    return resolved;
  }
  void connect(const std::string& endpoint) { check(zmq_connect(socket_, endpoint.c_str()), "connect"); }

  // --- Bytes ---

  void send(std::string_view bytes, int flags = 0) {
    check(zmq_send(socket_, bytes.data(), bytes.size(), flags), "send");
  }

  /// The last frame of a message is taken for it; returns its size.
  std::size_t receive() {
    zmq_msg_t message;
    std::size_t size;
    do {
      zmq_msg_init(&message);
      check(zmq_msg_recv(&message, socket_, 0), "receive");
      size = zmq_msg_size(&message);
    } while (zmq_msg_more(&message) && zmq_msg_close(&message) == 0);
    zmq_msg_close(&message);
    return size;
  }

  // --- Protobuf messages ---

  void send(const google::protobuf::Message& message) {
    zmq_msg_t frame;
    zmq_msg_init_size(&frame, message.ByteSizeLong());
    static_cast<void>(message.SerializeToArray(zmq_msg_data(&frame), static_cast<int>(zmq_msg_size(&frame))));
    check(zmq_msg_send(&frame, socket_, 0), "send");
  }

  /// Into a message that is reused. Frames before the last are skipped.
  void receive(google::protobuf::Message& message) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    do {
      check(zmq_msg_recv(&frame, socket_, 0), "receive");
    } while (zmq_msg_more(&frame));
    const bool parsed = message.ParseFromArray(zmq_msg_data(&frame), static_cast<int>(zmq_msg_size(&frame)));
    zmq_msg_close(&frame);
    if (!parsed) throw std::runtime_error("baseline: no such message");
  }

 private:
  static void check(int result, const char* what) {
    if (result < 0) fail(what);
  }
  [[noreturn]] static void fail(const char* what) {
    throw std::runtime_error(std::string("baseline: ") + what + ": " + zmq_strerror(errno));
  }

  void* socket_;
};

}  // namespace bench
