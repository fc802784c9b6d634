#pragma once

// Messages into envelopes and out of them.

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "envelope_format.hpp"
#include "message_types.hpp"

namespace dividere::detail {

/// The message in its envelope, written once, in place. Throws as ProtoBuffEncoder says; `who` names the caller in it.
Frame encodeFrame(std::string_view who, const google::protobuf::Message& message, const EnvelopeExtras& extras = {});
std::string encodeString(std::string_view who, const google::protobuf::Message& message);

/// How envelopes of this message and topic (its fields, serialized) begin; written into `room` where it is not at hand.
/// Valid until either of both changes.
std::string_view seriesOf(const google::protobuf::Message& message, std::string_view topic, std::string& room);

/// As ProtoBuffDecoder, of which this is the inside.
std::unique_ptr<google::protobuf::Message> decodeEnvelope(std::string_view who, std::string_view bytes);

/// Into a message that is reused. Throws as decodeEnvelope, and Error{wrongType} if the envelope holds another type.
void decodeEnvelopeInto(std::string_view who, std::string_view bytes, google::protobuf::Message& message);

/// Whether the bytes are an envelope of the message's type as this library writes it; then the payload is what
/// openEnvelope() finds, in a fraction of the time.
bool openEnvelopeOf(const google::protobuf::Message& message, std::string_view bytes, std::string_view& payload);

/// Replaces the message's content. Throws Error{malformed} if the payload is not of its type.
void parsePayload(std::string_view who, std::string_view payload, google::protobuf::Message& message);

}  // namespace dividere::detail
