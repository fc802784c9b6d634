#pragma once

// The framework's own messages (proto/dividere.proto, doc/wire.md), read and written by hand.
//
// Each has its name on the wire, encode() to a serialized message (no envelope) and decode(), which replaces all that
// the message held and ignores fields it does not know, as protobuf does; false if the bytes are no protobuf message.
// (Heartbeat is in balancing/detail/dialect.hpp: a signal of workers and brokers.)

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

/// What is at an endpoint, as it says of itself.
struct EndpointTraits {
  std::uint32_t features = 0;  // bits: what it knows beyond the Python package
  std::string publicKey = {};  // empty: it has none
  std::string kind = {};       // "service", "publisher" and so on; empty: it does not say
};

struct RegisterService : ServiceAt {
  static constexpr std::string_view kType = "RegisterService";
  std::uint32_t leaseMs = 0;  // forgotten this long after the last registration; 0: never
  bool instance = false;      // one of several that share the name; false: the only one that this peer has
  EndpointTraits traits;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct UnregisterService : ServiceAt {
  static constexpr std::string_view kType = "UnregisterService";
};

/// Where one instance of a service is.
struct ServiceInstance {
  std::string server;
  std::uint32_t port = 0;
  std::string name = {};  // empty: that of the look-up
  EndpointTraits traits = {};
  bool gone = false;  // among changes: it is not there any more

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct ServiceLookupRep : ServiceAt {
  static constexpr std::string_view kType = "ServiceLookupRep";
  static constexpr std::string_view kUnavailable = "unavailable";  // the server of a service that is not there

  std::vector<ServiceInstance> instances;  // every one, if the request asks for all and the registry can tell
  bool isListed = false;                   // they are those that match the request's pattern, each with its name
  bool more = false;                       // there are more: ask for those after the last of these
  std::uint64_t revision = 0;              // of what the registry knows; 0: it does not count its changes
  bool changes = false;  // they are changes since the request's revision, in order, not the whole list

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct ServiceLookupReq {
  static constexpr std::string_view kType = "ServiceLookupReq";
  std::string name;
  bool all = false;            // asks for every instance
  std::string pattern = {};    // asks for a list of what matches it; `name` is for registries that know no patterns
  ServiceInstance after = {};  // asks for the part of that list that comes after this one
  std::uint64_t since = 0;     // asks for the changes after this revision in place of the list
  std::uint32_t waitMs = 0;    // how long the reply may take, if there are no such changes yet

  std::string encode() const;
  bool decode(std::string_view bytes);
};

struct Ack {
  static constexpr std::string_view kType = "ack";
  bool ok = false;
  bool leases = false;      // the registry forgets entries that are not renewed
  std::string reason = {};  // why it is not ok, for people

  std::string encode() const;
  bool decode(std::string_view bytes);
};

/// A message without content.
struct RediscoverReq {
  static constexpr std::string_view kType = "RediscoverReq";
  std::string encode() const { return {}; }
};

// --- Of a call: each behind the correlation frame of a request, and only to peers that are known to understand it ---

/// What the sender understands (Feature): the reply to a request that asks for it, ahead of its own.
struct Features {
  static constexpr std::string_view kType = "Features";
  std::uint32_t features = 0;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

/// Nobody waits for the reply any more.
struct CancelCall {
  static constexpr std::string_view kType = "CancelCall";
  std::string encode() const { return {}; }
};

/// So many more parts may be sent.
struct Credit {
  static constexpr std::string_view kType = "Credit";
  std::uint32_t parts = 0;

  std::string encode() const;
  bool decode(std::string_view bytes);
};

/// Sent in place of a reply that cannot be: an Errc below 20, a text for people, and the code of a handler's Failure.
struct DividereError {
  static constexpr std::string_view kType = "DividereError";
  std::uint32_t code = 0;
  std::string text;
  std::int32_t failure = 0;  // 0: it was no Failure

  std::string encode() const;
  bool decode(std::string_view bytes);
};

}  // namespace dividere::detail
