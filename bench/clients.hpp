#pragma once

// Many clients at once, the same for ours and for the baseline: what differs is what stands in the middle.

#include <vector>

#include "bare.hpp"
#include "measure.hpp"

namespace bench {

/// Bare REQ sockets in one thread, each with one request under way.
class Clients {
 public:
  Clients(std::size_t count, const std::string& endpoint) {
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.emplace_back(ZMQ_REQ);
      sockets_.back().connect(endpoint);
      items_.push_back({sockets_.back().native(), 0, ZMQ_POLLIN, 0});
    }
  }

  /// One turn: replies a second to all of them.
  double rate() {
    const std::string request(64, 'x');
    for (BareSocket& socket : sockets_) socket.send(request);
    std::size_t owed = sockets_.size();
    double replies = 0;
    const auto start = Clock::now();
    const auto end = start + turn();
    while (owed > 0) {
      zmq_poll(items_.data(), static_cast<int>(items_.size()), -1);
      const bool more = Clock::now() < end;
      for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (!(items_[i].revents & ZMQ_POLLIN)) continue;
        sockets_[i].receive();
        ++replies;
        if (more) {
          sockets_[i].send(request);
        } else {
          --owed;
        }
      }
    }
    return replies / secondsSince(start);
  }

 private:
  std::vector<BareSocket> sockets_;
  std::vector<zmq_pollitem_t> items_;
};

}  // namespace bench
