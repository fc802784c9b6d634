#pragma once

// What the reactor's tests share: messages, and peers that say what no socket of the library would.

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <chrono>
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

#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

namespace kit {

using namespace std::chrono_literals;
using support::codeOf;
using support::contains;
using support::Event;
using support::kLimit;
using support::msg01;
using support::msg02;
using support::Notes;

// --- Messages ---

inline std::string envelopeOf(const google::protobuf::Message& message) {
  return dividere::messaging::ProtoBuffEncoder().encode(message);
}

/// An envelope of a type that is not linked into this program.
inline std::string envelopeOfStranger() {
  std::string bytes = envelopeOf(msg01("x"));
  for (std::size_t at; (at = bytes.find("Msg01")) != std::string::npos;) bytes.replace(at, 5, "Msg99");
  return bytes;
}

/// What the peer is told in this envelope: a reply's text, or "error <code>: <text>".
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

inline bool startsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// --- Endpoints ---

inline std::string at(std::uint16_t port) { return support::local(port); }

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
