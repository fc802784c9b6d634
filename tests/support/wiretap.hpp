#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tcp.hpp"

namespace support {

/// Stands between clients and a host, passes on what they say, and keeps a copy of it.
class Wiretap {
 public:
  explicit Wiretap(std::uint16_t host) : host_(host) {
    if (::pipe(stop_) != 0) throw std::runtime_error("pipe");
    thread_ = std::thread([this] { run(); });
  }
  ~Wiretap() {
    ::close(stop_[1]);
    thread_.join();
    ::close(stop_[0]);
  }
  Wiretap(const Wiretap&) = delete;
  Wiretap& operator=(const Wiretap&) = delete;

  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(listener_.port()); }

  /// All that was said so far, by both sides.
  std::string heard() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return heard_;
  }

 private:
  /// Two ends of one conversation.
  struct Pair {
    TcpStream client, host;
    bool isOver = false;
  };

  void run() {
    for (;;) {
      std::vector<pollfd> waits{{stop_[0], POLLIN, 0}, {listener_.descriptor(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        waits.push_back({pair.client.descriptor(), POLLIN, 0});
        waits.push_back({pair.host.descriptor(), POLLIN, 0});
      }
      ::poll(waits.data(), static_cast<nfds_t>(waits.size()), -1);
      if (waits[0].revents) return;
      std::size_t next = 2;
      for (Pair& pair : pairs_) {
        if (waits[next++].revents) pair.isOver |= !pass(pair.client, pair.host);
        if (waits[next++].revents) pair.isOver |= !pass(pair.host, pair.client);
      }
      pairs_.remove_if([](const Pair& pair) { return pair.isOver; });
      if (waits[1].revents) pairs_.push_back({listener_.accept(), TcpStream::connect(host_)});
    }
  }

  bool pass(TcpStream& from, TcpStream& to) {
    char bytes[4096];
    const auto count = ::recv(from.descriptor(), bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    const std::string said(bytes, static_cast<std::size_t>(count));
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      heard_ += said;
    }
    to.send(said);
    return true;
  }

  const std::uint16_t host_;
  TcpListener listener_;
  int stop_[2];
  std::list<Pair> pairs_;
  mutable std::mutex mutex_;
  std::string heard_;  // under mutex_
  std::thread thread_;
};

}  // namespace support
