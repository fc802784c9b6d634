#pragma once

// Reading and writing protobuf's wire format where generated code would pin a protobuf version: the envelope and the
// framework's own messages.

#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"

namespace dividere::detail {

// --- Fields ---

/// The fields of a serialized message, one after the other.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  /// Goes to the next field; false at the end, or where the bytes are no protobuf message (then failed()).
  bool next();

  int number() const { return number_; }
  bool isBytes() const { return isBytes_; }
  bool isVarint() const { return isVarint_; }
  std::string_view bytes() const { return bytes_; }  ///< of a length-delimited field
  std::uint64_t varint() const { return varint_; }   ///< of a varint field
  bool failed() const { return failed_; }

 private:
  bool fail();
  bool skip(std::uint32_t tag, int depth);

  std::string_view rest_;
  int number_ = 0;
  bool isBytes_ = false;
  bool isVarint_ = false;
  bool failed_ = false;
  std::string_view bytes_;
  std::uint64_t varint_ = 0;
};

/// Builds a message field by field, leaving out what has its default value, as proto3 does.
class FieldWriter {
 public:
  FieldWriter& text(int field, std::string_view value);
  FieldWriter& number(int field, std::uint64_t value);

  /// One element of a repeated message: written though it be empty.
  FieldWriter& part(int field, std::string_view message);
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// --- Envelopes ---

/// An envelope taken apart: views into the bytes it was read from.
struct Envelope {
  std::string_view type;     ///< the full name of the message's type
  std::string_view payload;  ///< the message, serialized
};

/// Throws Error{malformed} as ProtoBuffDecoder says; `who` names the caller in it.
Envelope openEnvelope(std::string_view who, std::string_view bytes);

/// Whether the bytes are an envelope of the message's type as this library writes it; then the payload is what openEnvelope()
/// finds, in a fraction of the time.
bool openEnvelopeOf(const google::protobuf::Message& message, std::string_view bytes, std::string_view& payload);

/// A serialized envelope around an already serialized message.
std::string sealEnvelope(std::string_view type, std::string_view payload);

/// A name or text that a peer chose, cut and cleaned to be shown in an error or the log.
std::string shown(std::string_view text);

/// A text of this side's, as a protobuf string takes it: what is not UTF-8 replaced, and cut to some thousand bytes.
std::string asUtf8(std::string_view text);

/// What every envelope of this type begins with: also what a subscription to the type matches on.
std::string envelopePrefix(std::string_view type);

/// The message in its envelope, written once, in place. Throws as ProtoBuffEncoder says.
Frame encodeFrame(std::string_view who, const google::protobuf::Message& message);

// --- Messages ---

/// A new message of that type; null if no such type is linked into the program.
std::unique_ptr<google::protobuf::Message> newMessage(std::string_view type);

std::string_view typeOf(const google::protobuf::Message& message);

/// Replaces the message's content. Throws Error{malformed} if the payload is not of its type.
void parsePayload(std::string_view who, std::string_view payload, google::protobuf::Message& message);

/// As ProtoBuffDecoder, of which this is the inside.
std::unique_ptr<google::protobuf::Message> decodeEnvelope(std::string_view who, std::string_view bytes);

/// Throws what a peer says is wrong, if that is what these bytes say.
void throwIfErrorEnvelope(std::string_view who, std::string_view bytes);

/// Into a message that is reused. Throws as decodeEnvelope, and Error{wrongType} if the envelope holds another type.
void decodeEnvelopeInto(std::string_view who, std::string_view bytes, google::protobuf::Message& message);

}  // namespace dividere::detail
