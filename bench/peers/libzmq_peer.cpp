// libzmq and protobuf with nothing between (bare.hpp).

#include <string>
#include <thread>
#include <utility>

#include "../bare.hpp"
#include "peer.hpp"

namespace bench {

namespace {

class LibzmqHost final : public Host {
 public:
  LibzmqHost() {
    publisher_.set(ZMQ_XPUB_NODROP, 1);
    BareSocket response(ZMQ_REP);
    where_ = publisher_.bind("tcp://127.0.0.1:*");
    where_ += "," + response.bind("tcp://127.0.0.1:*");
    std::thread([response = std::move(response)]() mutable {
      for (Sample sample;;) {
        response.receive(sample);
        response.send(sample);
      }
    }).detach();
  }

  std::string where() const override { return where_; }
  void publish(const Sample& sample) override { publisher_.send(sample); }

 private:
  BareSocket publisher_{ZMQ_XPUB};
  std::string where_;
};

class LibzmqLink final : public Link {
 public:
  explicit LibzmqLink(const std::string& where) {
    subscriber_.subscribe("");
    subscriber_.connect(where.substr(0, where.find(',')));
    request_.connect(where.substr(where.find(',') + 1));
  }

  bool receive(Sample& sample, std::chrono::milliseconds timeout) override {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (timeout != timeout_) subscriber_.set(ZMQ_RCVTIMEO, static_cast<int>((timeout_ = timeout).count()));
    if (zmq_msg_recv(&frame, subscriber_.native(), 0) < 0) return false;
    parse(sample, zmq_msg_data(&frame), zmq_msg_size(&frame));
    zmq_msg_close(&frame);
    return true;
  }
  void ask(const Sample& request, Sample& reply) override {
    request_.send(request);
    request_.receive(reply);
  }

 private:
  BareSocket subscriber_{ZMQ_SUB}, request_{ZMQ_REQ};
  std::chrono::milliseconds timeout_{-1};
};

}  // namespace

Peer libzmqPeer() {
  return {"libzmq", [] { return std::make_unique<LibzmqHost>(); },
          [](const std::string& where) { return std::make_unique<LibzmqLink>(where); }};
}

}  // namespace bench
