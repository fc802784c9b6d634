#pragma once

// A peer that calls a service by hand: what any client may send, and more.

#include <dividere.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "dividere.pb.h"
#include "messaging/fields.hpp"
#include "stage.hpp"
#include "support/raw_socket.hpp"

namespace caller {

/// Fields of an envelope as a call's request has them (doc/wire.md).
inline std::string method(const std::string& name) { return fields::ofBytes(105, name); }
inline std::string timeout(std::uint32_t ms) { return fields::ofVarint(104, ms); }
inline std::string asksFeatures() { return fields::ofVarint(112, 1); }
inline std::string takesParts() { return fields::ofVarint(113, 1); }

inline std::string envelopeOf(const google::protobuf::Message& message) {
  return dividere::messaging::ProtoBuffEncoder().encode(message);
}

/// A service that no registry knows.
inline dividere::service::ServiceOptions alone(int threads = 1) {
  static const stage::FreePorts nobody;
  dividere::service::ServiceOptions options = stage::at(nobody.location());
  options.threads = threads;
  return options;
}

/// Calls have a correlation frame: by it their replies are told apart, and it is what CancelCall and Credit name.
class RawCaller {
 public:
  explicit RawCaller(const dividere::service::Service& service, const std::string& name = {}) : socket_(ZMQ_DEALER) {
    if (!name.empty()) socket_.set(ZMQ_ROUTING_ID, name);
    socket_.connect("tcp://127.0.0.1:" + std::to_string(service.port()));
  }

  void ask(const std::string& id, const google::protobuf::Message& request, const std::string& callFields = {}) {
    socket_.send({id, envelopeOf(request) + callFields});
  }

  /// The next frame for that call; empty if none comes.
  std::string receive(const std::string& id) {
    const auto frames = socket_.recv();
    if (!frames || frames->size() != 2) return {};
    CHECK(frames->front() == id);
    return frames->back();
  }

  template <class Reply>
  std::optional<Reply> reply(const std::string& id) {
    const std::string bytes = receive(id);
    if (bytes.empty()) return std::nullopt;
    const auto message = dividere::messaging::ProtoBuffDecoder().decode(bytes);
    const auto* reply = dynamic_cast<const Reply*>(message.get());
    INFO(message->ShortDebugString());
    CHECK(reply);
    return reply ? std::make_optional(*reply) : std::nullopt;
  }

  /// What the call failed with; code 0 if it did not.
  DividereError error(const std::string& id) {
    const auto told = dividere::messaging::ProtoBuffDecoder().decode(receive(id));
    const auto* error = dynamic_cast<const DividereError*>(told.get());
    return error ? *error : DividereError();
  }

  support::RawSocket& socket() { return socket_; }

 private:
  support::RawSocket socket_;
};

}  // namespace caller
