#pragma once

#include <zmq.h>

#include <string>
#include <thread>

#include "raw_socket.hpp"

namespace support {

/// XSUB and XPUB joined by zmq_proxy(): what people put between publishers and subscribers.
class Forwarder {
 public:
  explicit Forwarder(const std::string& publisher)
      : back_(ZMQ_XSUB, context_),
        front_(ZMQ_XPUB, context_),
        control_(ZMQ_PAIR, context_),
        steer_(ZMQ_PAIR, context_) {
    back_.connect(publisher);
    endpoint_ = front_.bind();
    control_.bind("inproc://control");
    steer_.connect("inproc://control");
    thread_ = std::thread([this] {
      zmq_proxy_steerable(back_.native(), front_.native(), nullptr, control_.native());
      for (RawSocket* socket : {&back_, &front_, &control_}) socket->close();
    });
  }
  ~Forwarder() {
    steer_.send({"TERMINATE"});
    thread_.join();
    steer_.close();
    zmq_ctx_term(context_);
  }
  const std::string& endpoint() const { return endpoint_; }

 private:
  void* context_ = zmq_ctx_new();
  RawSocket back_, front_, control_, steer_;
  std::string endpoint_;
  std::thread thread_;
};

}  // namespace support
