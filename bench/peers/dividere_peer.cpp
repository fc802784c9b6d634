// dividere as its README shows it, and a publisher that waits for room.

#include <dividere.hpp>
#include <string>
#include <thread>
#include <utility>

#include "peer.hpp"

namespace bench {

namespace {

dividere::connection::SocketOptions waiting() {
  dividere::connection::SocketOptions options;
  options.waitWhenFull = true;
  return options;
}

dividere::connection::SocketOptions binding() {
  dividere::connection::SocketOptions options;
  options.attach = dividere::connection::Attach::bind;
  return options;
}

class DividereHost final : public Host {
 public:
  DividereHost() {
    dividere::messaging::Response response("tcp://127.0.0.1:*", binding());
    where_ = publisher_.endpoint() + "," + response.endpoint();
    std::thread([response = std::move(response)]() mutable {
      for (Sample sample;;) {
        response.recvInto(sample);
        response.send(sample);
      }
    }).detach();
  }

  std::string where() const override { return where_; }
  void publish(const Sample& sample) override { publisher_.send(sample); }

 private:
  dividere::messaging::Publisher publisher_{"tcp://127.0.0.1:*", waiting()};
  std::string where_;
};

class DividereLink final : public Link {
 public:
  explicit DividereLink(const std::string& where)
      : subscriber_(where.substr(0, where.find(',')), dividere::messaging::types<Sample>()),
        request_(where.substr(where.find(',') + 1)) {}

  bool receive(Sample& sample, std::chrono::milliseconds timeout) override {
    return subscriber_.recvInto(sample, timeout);
  }
  void ask(const Sample& request, Sample& reply) override {
    request_.send(request);
    request_.recvInto(reply);
  }

 private:
  dividere::messaging::Subscriber subscriber_;
  dividere::messaging::Request request_;
};

}  // namespace

Peer dividerePeer() {
  return {"dividere", [] { return std::make_unique<DividereHost>(); },
          [](const std::string& where) { return std::make_unique<DividereLink>(where); }};
}

}  // namespace bench
