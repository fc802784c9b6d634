#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "limit.hpp"

namespace support {

inline sockaddr_in localAddress(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// One end of a TCP connection that speaks no ZeroMQ.
class TcpStream {
 public:
  explicit TcpStream(int fd) : fd_(fd) {
    if (fd_ < 0) throw std::runtime_error("no TCP connection");
  }
  TcpStream(TcpStream&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TcpStream& operator=(TcpStream&&) = delete;
  ~TcpStream() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// To a port of this machine.
  static TcpStream connect(std::uint16_t port) {
    TcpStream stream(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = localAddress(port);
    if (::connect(stream.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("TCP connect failed");
    }
    return stream;
  }

  void send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;  // the other side has hung up
      sent += static_cast<std::size_t>(count);
    }
  }

  int descriptor() const { return fd_; }

  /// Whether the other side ends the connection; what it sends until then is thrown away.
  bool endedByPeer() {
    char bytes[4096];
    for (;;) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(kLimit.count())) <= 0) return false;
      if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
    }
  }

 private:
  int fd_;
};

/// Listens on a port of this machine: a free one, or the one asked for.
class TcpListener {
 public:
  explicit TcpListener(std::uint16_t port = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = localAddress(port);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd_, 16) != 0) {
      throw std::runtime_error("TCP listen failed");
    }
  }
  ~TcpListener() { close(); }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  int descriptor() const { return fd_; }

  TcpStream accept() {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(kLimit.count())) <= 0) throw std::runtime_error("nobody connects");
    return TcpStream(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  int fd_;
};

}  // namespace support
