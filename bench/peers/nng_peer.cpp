// NNG: publisher and subscriber, requester and replier. Its publisher drops what finds no room, so both have the largest
// queues that it allows; what is under way stays below that (peers.cpp).

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <string>
#include <thread>

#include "peer.hpp"

namespace bench {

namespace {

constexpr int kLongestQueue = 8192;

void check(int error, const char* what) {
  require(error == 0, std::string("NNG: ") + what + ": " + nng_strerror(error));
}

std::string listen(nng_socket socket) {
  nng_listener listener;
  check(nng_listen(socket, "tcp://127.0.0.1:0", &listener, 0), "listen");
  int port = 0;
  nng_sockaddr address;
  check(nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address), "address");
  const auto* bytes = reinterpret_cast<const unsigned char*>(&address.s_in.sa_port);  // network byte order
  port = bytes[0] << 8 | bytes[1];
  return "tcp://127.0.0.1:" + std::to_string(port);
}

/// Without a copy: serialized into what is sent.
void send(nng_socket socket, const Sample& sample) {
  nng_msg* message = nullptr;
  check(nng_msg_alloc(&message, sample.ByteSizeLong()), "allocate");
  static_cast<void>(sample.SerializeToArray(nng_msg_body(message), static_cast<int>(nng_msg_len(message))));
  check(nng_sendmsg(socket, message, 0), "send");
}

bool receive(nng_socket socket, Sample& sample) {
  nng_msg* message = nullptr;
  const int error = nng_recvmsg(socket, &message, 0);
  if (error == NNG_ETIMEDOUT) return false;
  check(error, "receive");
  parse(sample, nng_msg_body(message), nng_msg_len(message));
  nng_msg_free(message);
  return true;
}

void allowAnySize(nng_socket socket) { check(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0), "size"); }

class NngHost final : public Host {
 public:
  NngHost() {
    nng_socket reply;
    check(nng_pub0_open(&publisher_), "open");
    check(nng_rep0_open(&reply), "open");
    allowAnySize(reply);
    check(nng_socket_set_int(publisher_, NNG_OPT_SENDBUF, kLongestQueue), "queue");
    where_ = listen(publisher_);
    where_ += "," + listen(reply);
    std::thread([reply] {
      for (Sample sample;;) {
        receive(reply, sample);
        send(reply, sample);
      }
    }).detach();
  }

  std::string where() const override { return where_; }
  void publish(const Sample& sample) override { send(publisher_, sample); }

 private:
  nng_socket publisher_;
  std::string where_;
};

class NngLink final : public Link {
 public:
  explicit NngLink(const std::string& where) {
    check(nng_sub0_open(&subscriber_), "open");
    check(nng_req0_open(&request_), "open");
    allowAnySize(subscriber_);
    allowAnySize(request_);
    check(nng_socket_set(subscriber_, NNG_OPT_SUB_SUBSCRIBE, "", 0), "subscribe");
    check(nng_socket_set_int(subscriber_, NNG_OPT_RECVBUF, kLongestQueue), "queue");
    check(nng_dial(subscriber_, where.substr(0, where.find(',')).c_str(), nullptr, 0), "connect");
    check(nng_dial(request_, where.substr(where.find(',') + 1).c_str(), nullptr, 0), "connect");
  }

  bool receive(Sample& sample, std::chrono::milliseconds timeout) override {
    if (timeout != timeout_) {
      check(nng_socket_set_ms(subscriber_, NNG_OPT_RECVTIMEO, static_cast<nng_duration>(timeout.count())), "time-out");
      timeout_ = timeout;
    }
    return bench::receive(subscriber_, sample);
  }
  void ask(const Sample& request, Sample& reply) override {
    send(request_, request);
    bench::receive(request_, reply);
  }

 private:
  nng_socket subscriber_, request_;
  std::chrono::milliseconds timeout_{-1};
};

}  // namespace

Peer nngPeer() {
  return {"NNG", [] { return std::make_unique<NngHost>(); },
          [](const std::string& where) { return std::make_unique<NngLink>(where); }};
}

}  // namespace bench
