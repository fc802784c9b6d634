#pragma once

// What the tests of this layer share: peers that know nothing of dividere, and things to wait for.

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <dividere.hpp>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dividere.pb.h"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

namespace kit {

using namespace std::chrono_literals;
using dividere::Errc;
using dividere::balancing::Broker;
using dividere::balancing::BrokerOptions;
using dividere::balancing::BrokerStats;
using dividere::balancing::Client;
using dividere::balancing::RetryPolicy;
using dividere::balancing::Worker;
using dividere::balancing::WorkerOptions;
using support::codeOf;
using support::Event;
using support::eventually;
using support::Frames;
using support::kLimit;
using support::kShort;
using support::msg01;
using support::msg02;
using support::Notes;
using support::Program;
using support::RawSocket;
using support::whatOf;

// --- Things to wait for ---

/// A thread that is waited for, however its test ends.
class Thread {
 public:
  explicit Thread(std::function<void()> body) : thread_(std::move(body)) {}
  ~Thread() { thread_.join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

 private:
  std::thread thread_;
};

// --- Messages ---

inline std::string envelope(const google::protobuf::Message& message) {
  return dividere::messaging::ProtoBuffEncoder().encode(message);
}

/// As the Python package writes it: nothing but the id.
inline std::string heartbeat(const std::string& id) {
  Heartbeat message;
  message.set_id(id);
  return envelope(message);
}

/// A message as text: its field1, or "error <code>".
inline std::string text(const std::string& bytes) {
  msgEnvelope opened;
  if (!opened.ParseFromString(bytes)) return "(no envelope)";
  Msg01 plain;
  Msg02 numbered;
  DividereError error;
  if (opened.msg().UnpackTo(&plain)) return plain.field1();
  if (opened.msg().UnpackTo(&numbered)) return numbered.field1();
  if (opened.msg().UnpackTo(&error)) return "error " + std::to_string(error.code());
  return opened.msgname();
}

/// A frame as a caller of version 0.1 puts it in front of a request: 16 bytes of its own, and a number in 8.
inline std::string correlation(char caller, char number) {
  return std::string(16, caller) + std::string(7, '\0') + number;
}

// --- Brokers ---

/// For a broker that goes and comes back: nobody's connection can take them while it is away.
class Ports {
 public:
  Ports() = default;
  ~Ports() {
    dividere::connection::PortManager::release(front_);
    dividere::connection::PortManager::release(back_);
  }
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  std::string front() const { return std::to_string(front_); }
  std::string back() const { return std::to_string(back_); }

 private:
  const std::uint16_t front_ = dividere::connection::PortManager::acquire();
  const std::uint16_t back_ = dividere::connection::PortManager::acquire();
};

inline std::string front(const Broker& broker) { return support::local(broker.frontPort()); }
inline std::string back(const Broker& broker) { return support::local(broker.backPort()); }

/// No sign of life is missed, or asked for, while a test runs.
inline BrokerOptions calm() {
  BrokerOptions options;
  options.heartbeat = 60s;
  return options;
}

/// Silence is noticed soon.
inline BrokerOptions brisk() {
  BrokerOptions options;
  options.heartbeat = 100ms;
  return options;
}

inline WorkerOptions withCapacity(std::uint32_t capacity) {
  WorkerOptions options;
  options.capacity = capacity;
  return options;
}

/// A Worker for two requests at a time, or more, whose handler waits to be released.
struct HeldWorker {
  Event handling, release;
  Notes<std::string> handled;
  Worker worker;

  explicit HeldWorker(const Broker& broker, const std::string& reply = {}, std::uint32_t capacity = 2)
      : worker(support::local(broker.backPort()), withCapacity(capacity)) {
    worker.on([this, reply](const Msg01& m) {
      handled.add(m.field1());
      handling.happen();
      release.wait();
      return reply.empty() ? m : msg01(reply);
    });
    worker.start();
  }
  ~HeldWorker() { release.happen(); }
};

inline WorkerOptions withHeartbeat(std::chrono::milliseconds heartbeat) {
  WorkerOptions options;
  options.heartbeat = heartbeat;
  return options;
}

inline bool addsUp(const BrokerStats& s) {
  return s.read == s.replied + s.errors + s.cancelled + s.waiting + s.inFlight;
}

/// Whether the broker's figures come to be so.
template <class Condition>
bool reaches(const Broker& broker, const Condition& met) {
  return eventually([&] { return met(broker.stats()); });
}

/// One try, as long as the test's limit.
inline RetryPolicy patient() {
  RetryPolicy policy;
  policy.maxRetries = 0;
  policy.timeout = kLimit;
  return policy;
}

inline RetryPolicy tries(int retries, std::chrono::milliseconds timeout) {
  RetryPolicy policy;
  policy.maxRetries = retries;
  policy.timeout = timeout;
  policy.pause = 1ms;
  policy.pauseMax = 5ms;
  return policy;
}

// --- Peers without dividere ---

/// A worker of plain libzmq, as a Python one: it does nothing that it is not told.
class RawWorker : public RawSocket {
 public:
  explicit RawWorker(const Broker& broker) : RawSocket(ZMQ_DEALER) { connect(back(broker)); }

  void registerBytes() { send({std::string("\x01", 1)}); }
  void beatTyped() { send({heartbeat("raw worker")}); }

  /// The next request, past signs of life, which are answered if `answering`.
  std::optional<Frames> request(bool answering = true) {
    for (;;) {
      auto frames = recv();
      if (!frames || frames->size() > 1) return frames;
      if (!answering) continue;
      if (frames->front() == "\x02") {
        send({"\x02"});
      } else {
        beatTyped();
      }
    }
  }

  /// Hands the leading frames back untouched.
  void reply(const Frames& request, const std::string& payload) {
    Frames frames = request;
    frames.back() = payload;
    send(frames);
  }
};

/// A broker's front that does what the test says.
struct Front : RawSocket {
  explicit Front(const std::string& where = "tcp://127.0.0.1:*") : RawSocket(ZMQ_ROUTER), endpoint(bind(where)) {}

  /// Replies to a call of the client's. Before its connection is there its tries go by, and nothing of them is sent.
  void meet(Client& client) {
    dividere::CallOptions once;
    once.repeatable = false;
    auto call = client.start<Msg01>(msg01("hello"), kLimit, once);
    auto request = recv();
    REQUIRE(request);
    request->back() = envelope(msg01("hello"));
    send(*request);
    REQUIRE(call.get());
  }

  void reply(Frames request, const google::protobuf::Message& message) {
    request.back() = envelope(message);
    send(request);
  }

  std::string endpoint;
};

class RawDealer : public RawSocket {
 public:
  explicit RawDealer(const Broker& broker) : RawSocket(ZMQ_DEALER) { connect(front(broker)); }
};

class RawRequest : public RawSocket {
 public:
  explicit RawRequest(const Broker& broker) : RawSocket(ZMQ_REQ) { connect(front(broker)); }
};

}  // namespace kit
