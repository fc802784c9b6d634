#pragma once

// What each library that is compared has to do: publish and reply in one process, receive and ask in another.

#include <bench.pb.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "../measure.hpp"

namespace bench {

/// The process that publishes; it also replies to each request with what it was sent, in a thread of its own.
class Host {
 public:
  virtual ~Host() = default;

  /// Where links find it: one word.
  virtual std::string where() const = 0;

  virtual void publish(const Sample& sample) = 0;
};

/// The process that receives what is published, and asks.
class Link {
 public:
  virtual ~Link() = default;

  /// Into a message that is reused; false if none came in time.
  virtual bool receive(Sample& sample, std::chrono::milliseconds timeout) = 0;
  virtual void ask(const Sample& request, Sample& reply) = 0;
};

struct Peer {
  std::string name;
  std::function<std::unique_ptr<Host>()> host;
  std::function<std::unique_ptr<Link>(const std::string& where)> link;
};

inline void parse(Sample& sample, const void* data, std::size_t size) {
  require(sample.ParseFromArray(data, static_cast<int>(size)), "no such message");
}

Peer dividerePeer();
Peer libzmqPeer();
Peer natsPeer();
Peer grpcPeer();
Peer nngPeer();
Peer gzPeer();

}  // namespace bench
