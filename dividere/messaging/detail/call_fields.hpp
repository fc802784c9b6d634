#pragma once

// What an envelope says of the message as a part of a call (doc/wire.md): behind the message, in fields that old peers skip.

#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::detail {

/// What a peer understands beyond requests and replies: bits of the message Features.
enum Feature : std::uint32_t {
  kCancelFeature = 1,    ///< CancelCall
  kPartsFeature = 2,     ///< parts before a reply, and Credit for more of them
  kDescribeFeature = 4,  ///< DescribeReq
  kCallerFeature = 32,   ///< between brokers and workers: a Caller behind the token
};

/// The envelope's field that tells what is left of the caller's time: who passes a request on rewrites it.
constexpr int kTimeoutField = 104;

/// Parts that may be sent before Credit comes for more.
constexpr std::uint32_t kInitialCredit = 32;

/// A longer name of a method is no name: what names one keeps it.
constexpr std::size_t kLongestMethod = 255;

/// Of a request, a part, or a reply. Views are into the envelope they were read from.
struct CallFields {
  std::string_view trace;       ///< W3C trace context, in binary
  std::uint32_t timeoutMs = 0;  ///< request: what is left of the caller's time; 0: no limit is known
  std::string_view method;      ///< request: where two methods take one type
  std::uint32_t priority = 0;   ///< request: the higher, the sooner
  std::uint32_t part = 0;       ///< of a stream or of progress, from 1; 0: the request or the reply itself
  bool more = false;            ///< parts, or the reply, follow
  bool asksFeatures = false;    ///< request: the peer is to tell its features
  bool takesParts = false;      ///< request: its caller takes parts before the reply
  bool notRepeatable = false;   ///< request: whoever had it may have done it, so nobody else gets it
  bool partsOnce = false;       ///< request: the same as soon as a part of it has come

  /// The fields as EnvelopeExtras::tail takes them; empty if all have their defaults.
  std::string serialized() const;
};

/// The field of the trace that the calling thread works at, for a message that is no call; empty if there is none.
std::string traceField();

/// False if the bytes are no protobuf message; `fields` then holds what was read until there. Of a field that comes more
/// than once the last one counts.
bool readCallFields(std::string_view envelope, CallFields& fields);

}  // namespace dividere::detail
