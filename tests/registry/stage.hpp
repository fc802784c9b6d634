#pragma once

// What the tests of the registry and of services share.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <memory>
#include <string>
#include <utility>

#include "dividere.pb.h"
#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/tcp.hpp"

namespace stage {

using namespace std::chrono_literals;

inline std::string at(std::uint16_t port) { return support::local(port); }

/// A registry on a port that nobody else has.
inline dividere::registry::ServerOptions anywhere() {
  dividere::registry::ServerOptions options;
  options.port = 0;
  return options;
}

inline dividere::registry::Location locationOf(const dividere::registry::Server& server) {
  return {"localhost", server.port(), server.announcePort()};
}

inline dividere::registry::Client clientOf(const dividere::registry::Server& server) {
  dividere::registry::ClientOptions patient;
  patient.timeout = support::kLimit;
  return dividere::registry::Client({locationOf(server)}, patient);
}

/// Two ports in a row that nobody has, as long as this lives: for a registry that starts later, or again.
class FreePorts {
 public:
  FreePorts() {
    for (;;) {
      first = dividere::connection::PortManager::acquire();
      if (claimSecond() && isFree(first + 1)) return;
      release();
    }
  }
  ~FreePorts() { release(); }
  FreePorts(const FreePorts&) = delete;
  FreePorts& operator=(const FreePorts&) = delete;

  dividere::registry::Location location() const { return {"localhost", first}; }
  dividere::registry::ServerOptions options() const {
    dividere::registry::ServerOptions made;
    made.port = first;
    return made;
  }

  std::uint16_t first;

 private:
  /// As PortManagers of other processes do it: by a name in Linux's abstract namespace.
  bool claimSecond() {
    claim_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "dividere-port-" + std::to_string(first + 1);
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return ::bind(claim_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
  }

  /// Not by a socket of the library: another process might come before that one's end, which is in the background.
  static bool isFree(int port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = support::localAddress(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = INADDR_ANY;
    const bool isBound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    return isBound;
  }

  void release() {
    ::close(claim_);
    dividere::connection::PortManager::release(first);
  }

  int claim_ = -1;
};

// --- What the Python package says ---

inline RegisterService registration(const std::string& name, const std::string& server, std::uint32_t port) {
  RegisterService message;
  message.set_servicename(name);
  message.set_server(server);
  message.set_port(port);
  return message;
}

inline UnregisterService unregistration(const std::string& name, const std::string& server, std::uint32_t port) {
  UnregisterService message;
  message.set_servicename(name);
  message.set_server(server);
  message.set_port(port);
  return message;
}

inline ServiceLookupReq lookup(const std::string& name) {
  ServiceLookupReq message;
  message.set_servicename(name);
  return message;
}

/// A peer without anything that this library has added.
class OldPeer {
 public:
  explicit OldPeer(std::uint16_t port) : request_(at(port)) {}

  template <class Reply, class Message>
  Reply ask(const Message& message) {
    request_.send(message);
    auto reply = request_.recv<Reply>(support::kLimit);
    if (!reply) throw std::runtime_error("no answer");
    return std::move(*reply);
  }

  bool registers(const std::string& name, const std::string& server, std::uint32_t port) {
    return ask<ack>(registration(name, server, port)).ok();
  }
  bool unregisters(const std::string& name, const std::string& server, std::uint32_t port) {
    return ask<ack>(unregistration(name, server, port)).ok();
  }

  /// "server:port"
  std::string looksUp(const std::string& name) {
    const auto reply = ask<ServiceLookupRep>(lookup(name));
    return reply.server() + ":" + std::to_string(reply.port());
  }

  dividere::messaging::Request& request() { return request_; }

 private:
  dividere::messaging::Request request_;
};

}  // namespace stage
