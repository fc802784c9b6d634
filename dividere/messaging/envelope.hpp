#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../core/protobuf_fwd.hpp"

namespace dividere::messaging {

/// Wraps any protobuf message into a serialized msgEnvelope (doc/wire.md, proto/dividere.proto), so that messages of many
/// types can share a socket. Any thread.
struct ProtoBuffEncoder {
  /// Throws Error{incomplete} if required fields are missing, Error{tooLarge} beyond protobuf's 2 GiB.
  std::string encode(const google::protobuf::Message& message) const;
};

/// Takes the message out of a serialized msgEnvelope. Any thread.
struct ProtoBuffDecoder {
  /// A message of whatever type the envelope says, if that type is linked into the program.
  ///
  /// Throws Error{malformed} for bytes that are no envelope, are cut short, name two types or hold a payload that
  /// is not of their type; Error{unknownType} for a type that is not linked, or that allowTypes() has to allow; and, for
  /// a DividereError by which a peer says why there is no reply, the error it says (unless that type is linked).
  std::unique_ptr<google::protobuf::Message> decode(std::string_view envelope) const;
};

/// Lets decode() and each untyped recv() of this process take these types too, from now on. Any thread.
///
/// They take every type that is linked into the program but for those that describe types (those of
/// google/protobuf/descriptor.proto, type.proto, api.proto and compiler/plugin.proto): these are linked into every
/// program, and a peer that sends a few megabytes of them takes hundreds. To ask for one by type, as in
/// recv<google::protobuf::FileDescriptorSet>() or with a handler for it, needs no leave.
///
///     dividere::messaging::allowTypes({"google.protobuf.FileDescriptorSet"});
void allowTypes(const std::vector<std::string>& fullNames);

/// The full names of message types, as a Subscriber takes them: types<Msg01, pkg::Msg02>().
template <class... Ts>
std::vector<std::string> types() {
  return {std::string(Ts::descriptor()->full_name())...};
}

}  // namespace dividere::messaging
