// gz-transport, which Debian has as ignition-transport: topics and services found by multicast on the loopback interface.

#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <ignition/transport/Node.hh>
#include <mutex>
#include <string>

#include "peer.hpp"

namespace bench {

namespace {

/// What both processes have in common; no other one of the machine is found by it.
void join(const std::string& partition) {
  ::setenv("IGN_PARTITION", partition.c_str(), 1);
  ::setenv("IGN_IP", "127.0.0.1", 1);
}

class GzHost final : public Host {
 public:
  GzHost() : where_("bench" + std::to_string(::getpid())) {
    join(where_);
    node_ = std::make_unique<ignition::transport::Node>();
    publisher_ = node_->Advertise<Sample>("/samples");
    std::function<bool(const Sample&, Sample&)> echo = [](const Sample& request, Sample& reply) {
      reply = request;
      return true;
    };
    require(publisher_.Valid() && node_->Advertise("/echo", echo), "gz-transport: advertise");
  }

  std::string where() const override { return where_; }
  void publish(const Sample& sample) override { require(publisher_.Publish(sample), "gz-transport: publish"); }

 private:
  const std::string where_;
  std::unique_ptr<ignition::transport::Node> node_;
  ignition::transport::Node::Publisher publisher_;
};

class GzLink final : public Link {
 public:
  explicit GzLink(const std::string& where) {
    join(where);
    node_ = std::make_unique<ignition::transport::Node>();
    std::function<void(const Sample&)> take = [this](const Sample& sample) {
      const std::lock_guard<std::mutex> lock(mutex_);
      samples_.push_back(sample);
      arrived_.notify_one();
    };
    require(node_->Subscribe("/samples", take), "gz-transport: subscribe");
  }

  bool receive(Sample& sample, std::chrono::milliseconds timeout) override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!arrived_.wait_for(lock, timeout, [this] { return !samples_.empty(); })) return false;
    sample = std::move(samples_.front());
    samples_.pop_front();
    return true;
  }

  void ask(const Sample& request, Sample& reply) override {
    bool isDone = false;
    require(node_->Request("/echo", request, 30000u, reply, isDone) && isDone, "gz-transport: ask");
  }

 private:
  std::unique_ptr<ignition::transport::Node> node_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Sample> samples_;
};

}  // namespace

Peer gzPeer() {
  return {"gz-transport", [] { return std::make_unique<GzHost>(); },
          [](const std::string& where) { return std::make_unique<GzLink>(where); }};
}

}  // namespace bench
