#pragma once

// What the reactor's tests share: notes that handlers leave, and peers that say what no socket of the library would.

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <dividere.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "golden.pb.h"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

namespace kit {

using namespace std::chrono_literals;
using support::codeOf;
using support::contains;
using support::kLimit;

// --- Notes ---

/// What handlers noted, in order, for the test's thread to wait for.
template <class T>
class Notes {
 public:
  void add(T note) {
    std::lock_guard<std::mutex> lock(mutex_);
    notes_.push_back(std::move(note));
    changed_.notify_all();
  }

  /// Whether there came to be this many.
  bool reach(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return notes_.size() >= count; });
  }

  bool reachOne(const T& wanted) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return std::count(notes_.begin(), notes_.end(), wanted) > 0; });
  }

  std::vector<T> all() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return notes_;
  }

  std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> notes_;
};

/// Something that happens once.
class Event {
 public:
  void happen() { notes_.add(true); }
  bool wait() { return notes_.reach(1); }
  bool happened() const { return notes_.count() > 0; }

 private:
  Notes<bool> notes_;
};

// --- Messages ---

inline Msg01 msg01(const std::string& text) {
  Msg01 message;
  message.set_field1(text);
  return message;
}

inline Msg02 msg02(const std::string& text, int number) {
  Msg02 message;
  message.set_field1(text);
  message.set_field2(number);
  return message;
}

inline std::string envelopeOf(const google::protobuf::Message& message) {
  return dividere::messaging::ProtoBuffEncoder().encode(message);
}

/// An envelope of a type that is not linked into this program.
inline std::string envelopeOfStranger() {
  std::string bytes = envelopeOf(msg01("x"));
  for (std::size_t at; (at = bytes.find("Msg01")) != std::string::npos;) bytes.replace(at, 5, "Msg99");
  return bytes;
}

/// What the peer is told in this envelope: an answer's text, or "error <code>: <text>".
inline std::string answerIn(std::string_view bytes) {
  const auto message = dividere::messaging::ProtoBuffDecoder().decode(bytes);
  const auto* descriptor = message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  if (descriptor->full_name() == "DividereError") {
    return "error " + std::to_string(reflection->GetUInt32(*message, descriptor->FindFieldByName("code"))) + ": " +
           reflection->GetString(*message, descriptor->FindFieldByName("text"));
  }
  const auto* field = descriptor->FindFieldByName("field1");
  return field ? reflection->GetString(*message, field) : std::string(descriptor->full_name());
}

inline bool startsWith(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

// --- Endpoints ---

inline std::string at(std::uint16_t port) { return "tcp://127.0.0.1:" + std::to_string(port); }

/// An inproc name that no other test has: there a message sent is a message arrived.
inline std::string unique(const std::string& name) {
  static std::atomic<int> count{0};
  return "inproc://reactor-test-" + name + "-" + std::to_string(count++);
}

inline dividere::connection::SocketOptions bound() {
  dividere::connection::SocketOptions options;
  options.attach = dividere::connection::Attach::bind;
  return options;
}

inline dividere::connection::SocketOptions unbounded(dividere::connection::SocketOptions options = {}) {
  options.sendQueue = options.receiveQueue = 0;
  return options;
}

// --- Peers ---

/// The reply's text, or what went wrong.
template <class Message>
std::string ask(dividere::messaging::Request& request, const Message& message) try {
  request.send(message);
  const auto reply = request.connection().recv(kLimit);
  return reply ? answerIn(*reply) : "no reply";
} catch (const dividere::Error& error) {
  return error.what();
}

/// A Response that the reactor takes over; where it can be asked.
inline std::string addResponse(dividere::reactor::MtMsgReactor& reactor,
                               const dividere::connection::SocketOptions& options = {}) {
  dividere::messaging::Response response("tcp://127.0.0.1:*", options);
  const std::string endpoint = response.endpoint();
  reactor.add(std::move(response));
  return endpoint;
}

/// A Dealer that the reactor takes over, bound; where it can be reached.
inline std::string addDealer(dividere::reactor::MtMsgReactor& reactor,
                             const dividere::connection::SocketOptions& options = {}) {
  dividere::messaging::Dealer dealer("tcp://127.0.0.1:*", options);
  const std::string endpoint = dealer.endpoint();
  reactor.add(std::move(dealer));
  return endpoint;
}

/// A peer that knows nothing of dividere; receives nothing, rather than an optional, if nothing comes.
class Raw : public support::RawSocket {
 public:
  using Frames = support::Frames;
  using RawSocket::RawSocket;

  Frames recv() { return RawSocket::recv().value_or(Frames()); }
};

/// Keeps what the library warns of from stderr while it lives.
class LogNotes : public support::LogCapture {
 public:
  LogNotes() : LogCapture(dividere::LogLevel::warning) {}
};

}  // namespace kit
