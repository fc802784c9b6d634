#pragma once

// The bytes of a msgEnvelope (doc/wire.md): what is in one, and how one is written in place.

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fields.hpp"
#include "publication.hpp"

namespace dividere::detail {

/// An envelope taken apart: views into the bytes it was read from.
struct Envelope {
  std::string_view type;     ///< the full name of the message's type
  std::string_view payload;  ///< the message, serialized
};

/// Throws Error{malformed} as ProtoBuffDecoder says; `who` names the caller in it.
Envelope openEnvelope(std::string_view who, std::string_view bytes);

/// A serialized envelope around an already serialized message.
std::string sealEnvelope(std::string_view type, std::string_view payload);

/// What every envelope of this type begins with: also what a subscription to the type matches on.
std::string envelopePrefix(std::string_view type);

/// Throws the Error{malformed} that tells of an envelope of this type; without a type if that is not known.
[[noreturn]] void failMalformed(std::string_view who, std::string_view type, std::string_view fault);

/// The tag of the second field, of bytes, in msgEnvelope and in the Any inside it.
constexpr char kSecondTag = 0x12;

/// All of an envelope that depends on the type alone.
class EnvelopeHead {
 public:
  explicit EnvelopeHead(std::string_view type);

  /// Whether the bytes are an envelope of this type as it is written here, each field once and in order. Then the payload
  /// is what openEnvelope() finds, in a fraction of the time.
  bool opens(std::string_view bytes, std::string_view& payload) const {
    payload = bytes;
    if (!skip(payload, start) && !skipWithTopic(payload)) return false;
    std::uint64_t size;
    if (!readVarint(payload, size)) return false;
    if (size != payload.size() && !cutPlainTail(payload, size) && !cutTail(payload, size)) return false;
    return skip(payload, url) && (payload.empty() || takeValue(payload));
  }

  std::string name;   ///< the msgName field
  std::string start;  ///< that, and the tag of msg: how an envelope without a topic begins
  std::string url;    ///< the Any's type_url field

 private:
  static bool skip(std::string_view& bytes, const std::string& start) {
    if (bytes.size() < start.size() || std::memcmp(bytes.data(), start.data(), start.size()) != 0) return false;
    bytes.remove_prefix(start.size());
    return true;
  }

  /// Leaves the value of an Any of which nothing is behind that.
  static bool takeValue(std::string_view& bytes) {
    if (bytes.front() != kSecondTag) return false;
    bytes.remove_prefix(1);
    std::uint64_t size;
    return readVarint(bytes, size) && size == bytes.size();
  }

  static bool cutPlainTail(std::string_view& bytes, std::uint64_t size) {
    std::uint64_t sequence;
    std::uint32_t publisher;
    if (size > bytes.size() || !readPlainTail(bytes.substr(static_cast<std::size_t>(size)), sequence, publisher))
      return false;
    bytes = bytes.substr(0, static_cast<std::size_t>(size));
    return true;
  }

  // Apart, as most messages need neither: skips the name, a topic and the tag of msg; leaves `size` bytes, if what is behind
  // them are fields that may be there.
  bool skipWithTopic(std::string_view& bytes) const;
  static bool cutTail(std::string_view& bytes, std::uint64_t size);
};

/// What an envelope carries beside the message, in fields that old peers skip; serialized.
struct EnvelopeExtras {
  std::string_view topic = {};  ///< behind msgName, so that a subscription can match on both
  std::string_view tail = {};   ///< behind the message
};

/// The sizes of an envelope's parts, and the writing of all but the payload.
class EnvelopeLayout {
 public:
  EnvelopeLayout(const EnvelopeHead& head, std::size_t payload, const EnvelopeExtras& extras = {})
      : head_(head), payload_(payload), extras_(extras) {
    anySize_ = head.url.size() + (payload == 0 ? 0 : 1 + varintSize(payload) + payload);
  }

  std::size_t size() const {
    return head_.name.size() + extras_.topic.size() + 1 + varintSize(anySize_) + anySize_ + extras_.tail.size();
  }

  /// Writes everything before the payload; returns where the payload goes.
  std::uint8_t* writeHead(std::uint8_t* to) const {
    to = extras_.topic.empty() ? append(to, head_.start) : writeTopic(append(to, head_.name));
    to = Out::WriteVarint64ToArray(anySize_, to);
    to = append(to, head_.url);
    if (payload_ == 0) return to;
    *to++ = static_cast<std::uint8_t>(kSecondTag);
    return Out::WriteVarint64ToArray(payload_, to);
  }

  /// Writes everything behind the payload.
  void writeTail(std::uint8_t* to) const {
    if (!extras_.tail.empty()) append(to, extras_.tail);
  }

 private:
  using Out = google::protobuf::io::CodedOutputStream;

  std::uint8_t* writeTopic(std::uint8_t* to) const {
    to = append(to, extras_.topic);
    *to++ = static_cast<std::uint8_t>(kSecondTag);
    return to;
  }

  static std::size_t varintSize(std::uint64_t value) { return static_cast<std::size_t>(Out::VarintSize64(value)); }

  static std::uint8_t* append(std::uint8_t* to, std::string_view bytes) {
    std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
  }

  const EnvelopeHead& head_;
  std::size_t payload_;
  EnvelopeExtras extras_;
  std::size_t anySize_;
};

}  // namespace dividere::detail
