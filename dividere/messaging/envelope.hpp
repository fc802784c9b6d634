#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../core/protobuf_fwd.hpp"

namespace dividere::messaging {

/// Wraps any protobuf message into a serialized msgEnvelope (WIRE.md, proto/dividere.proto), so that messages of
/// many types can share a socket (seeds: messaging.ProtoBuffEncoder). Any thread.
struct ProtoBuffEncoder {
  /// Throws Error{incomplete} if required fields are missing, Error{tooLarge} beyond protobuf's 2 GiB.
  std::string encode(const google::protobuf::Message& message) const;
};

/// Takes the message out of a serialized msgEnvelope (seeds: messaging.ProtoBuffDecoder). Any thread.
struct ProtoBuffDecoder {
  /// A message of whatever type the envelope says, if that type is linked into the program.
  ///
  /// Throws Error{malformed} for bytes that are no envelope, are cut short, name two types or hold a payload that
  /// is not of their type; Error{unknownType} for a type that is not linked; and, for a DividereError by which a
  /// peer says why there is no answer, the error it says (unless that type is linked into the program).
  std::unique_ptr<google::protobuf::Message> decode(std::string_view envelope) const;
};

/// The full names of message types, as a Subscriber takes them: types<Msg01, pkg::Msg02>().
template <class... Ts>
std::vector<std::string> types() {
  return {std::string(Ts::descriptor()->full_name())...};
}

}  // namespace dividere::messaging
