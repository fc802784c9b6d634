#pragma once

// The framework's own messages (proto/dividere.proto, WIRE.md), read and written by hand.
//
// Each has its name on the wire, encode() to a serialized message (no envelope) and decode(), which takes what it can
// and ignores fields it does not know, as protobuf does; false if the bytes are no protobuf message.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dividere::detail {

/// What RegisterService, UnregisterService and ServiceLookupRep have in common.
struct ServiceAt {
  std::string name;
  std::string server;
  std::uint32_t port = 0;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct RegisterService : ServiceAt {
  static constexpr std::string_view kType = "RegisterService";
  std::uint32_t leaseMs = 0;  // forgotten this long after the last registration; 0: never
  bool instance = false;      // one of any number of the name; false: the one that this kind of peer has

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct UnregisterService : ServiceAt {
  static constexpr std::string_view kType = "UnregisterService";
};

struct ServiceLookupRep : ServiceAt {
  static constexpr std::string_view kType = "ServiceLookupRep";
  static constexpr std::string_view kUnavailable = "unavailable";  // the server of a service that is not there

  struct Instance {
    std::string server;
    std::uint32_t port = 0;
  };
  std::vector<Instance> instances;  // every one, if the request asks for all and the registry can tell

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct ServiceLookupReq {
  static constexpr std::string_view kType = "ServiceLookupReq";
  std::string name;
  bool all = false;  // the answer is to list every instance

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct Ack {
  static constexpr std::string_view kType = "ack";
  bool ok = false;
  bool leases = false;  // the registry forgets entries that are not renewed

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct Heartbeat {
  static constexpr std::string_view kType = "Heartbeat";
  std::string id;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

/// A message without content: RediscoverReq, ShutdownEvent.
struct RediscoverReq {
  static constexpr std::string_view kType = "RediscoverReq";
  std::string encode() const { return {}; }
};

struct ShutdownEvent {
  static constexpr std::string_view kType = "ShutdownEvent";
  std::string encode() const { return {}; }
};

/// The answer to what cannot be answered: an Errc from 1 to 9, and a text for people.
struct DividereError {
  static constexpr std::string_view kType = "DividereError";
  std::uint32_t code = 0;
  std::string text;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

}  // namespace dividere::detail
