#pragma once

// What an envelope says of the message as a publication (doc/wire.md): its topic, its number, and whose it is.

#include <cstdint>
#include <string>
#include <string_view>

#include "../topic.hpp"
#include "fields.hpp"

namespace dividere::detail {

enum PublicationField : int {
  kSequenceField = 100,
  kPublisherField = 101,
  kSentField = 102,
  kTopicField = 107,
  kBundleField = 111,
  kKeptField = 115,
  kAgainField = 117,
};

/// How every envelope begins that is for nobody alone: what one subscribes to who wants them all.
constexpr std::string_view kEveryEnvelope("\x0A", 1);

/// How a message for one subscriber alone begins: with field 109, of 16 bytes, which follow. Those who want every envelope do
/// not get it.
constexpr std::string_view kAddress("\xEA\x06\x10", 3);

/// The tag of the payloads of a bundle, which stand behind msg, or in place of it.
constexpr std::string_view kBundleTag("\xFA\x06", 2);

/// More than a publisher puts into one; a longer one is refused.
constexpr std::uint64_t kMostBundled = 10000;

/// What stands at the end of a message that is sent again to everybody.
constexpr std::string_view kAgain("\xA8\x07\x01", 3);

/// A published message as a subscriber counts it: views into the envelope.
struct Publication {
  std::string_view series;     ///< how the envelope begins: with its type and topic
  std::uint64_t sequence = 0;  ///< 0: the publisher does not number
  std::uint32_t publisher = 0;
  std::int64_t sentNs = 0;  ///< Unix time; 0: the publisher does not stamp
  bool isAgain = false;     ///< it was sent before, and is for peers that cannot be sent to alone
  std::uint64_t kept = 0;   ///< of how many messages before this one its publisher can send again
  bool isBundle = false;
  std::uint64_t count = 1;  ///< how many messages it holds; the number is the first one's
};

/// False if the bytes are no envelope, or one that does not begin as a publisher of this library writes it. It is a bundle to be
/// refused then, if `isBundle` says so.
bool readPublication(std::string_view envelope, Publication& publication);

/// A topic's fields, as they stand behind msgName. Throws Error{tooLarge} beyond kLongestTopic; `who` names the caller.
std::string topicFields(std::string_view who, const messaging::Topic& topic);

/// The topic of a series, and its type as it stands in msgName.
messaging::Topic topicOfSeries(std::string_view series);
std::string_view typeOfSeries(std::string_view series);

/// Takes the name or the topic's next segment off the front of what is left of a series; false at its end.
bool skipOneField(std::string_view& rest);

/// A publisher keeps a counter for each topic, and libzmq a chain of nodes as long as a subscription is.
constexpr std::size_t kLongestTopic = 1024;

/// More than a type's name and a topic have. Longer ones, which a hostile publisher may make up without end, are not counted.
constexpr std::size_t kLongestSeries = 2048;

/// The fields behind the message, in place.
class PublicationTail {
 public:
  /// The last two are left out where they are 0.
  PublicationTail(std::uint64_t sequence, std::uint32_t publisher, std::int64_t sentNs = 0, std::uint64_t kept = 0) {
    appendTag(0xA0, 0x06), appendVarint(sequence);
    appendTag(0xAD, 0x06), appendFixed(publisher);
    if (sentNs != 0) appendTag(0xB1, 0x06), appendFixed(static_cast<std::uint64_t>(sentNs));
    if (kept != 0) appendTag(0x98, 0x07), appendVarint(kept);
  }
  std::string_view bytes() const { return {bytes_, size_}; }

 private:
  void append(unsigned byte) { bytes_[size_++] = static_cast<char>(byte); }
  void appendTag(unsigned first, unsigned second) { append(first), append(second); }
  void appendVarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) append(static_cast<unsigned>(value & 0x7F) | 0x80);
    append(static_cast<unsigned>(value));
  }
  template <class Number>
  void appendFixed(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes_[size_ + i] = static_cast<char>(value >> 8 * i & 0xFF);
    size_ += sizeof value;
  }

  char bytes_[2 + 10 + 2 + 4 + 2 + 8 + 2 + 10];
  std::size_t size_ = 0;
};

/// Takes the topic's fields off the front; false if they are cut short.
inline bool skipTopic(std::string_view& bytes) {
  constexpr std::string_view kTag("\xDA\x06", 2);
  while (bytes.size() > kTag.size() && bytes.substr(0, kTag.size()) == kTag) {
    bytes.remove_prefix(kTag.size());
    std::uint64_t size;
    if (!readVarint(bytes, size) || size > bytes.size()) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// Takes msg off the front; false if it is not there or cut short.
inline bool skipMsg(std::string_view& bytes) {
  std::uint64_t size;
  if (bytes.empty() || bytes.front() != '\x12') return false;
  bytes.remove_prefix(1);
  if (!readVarint(bytes, size) || size > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

/// Takes a payload of a bundle off the front; false if it is not there or cut short.
bool skipBundled(std::string_view& bytes);

/// The last two of a tail, where they are there.
inline bool readTailsEnd(std::string_view bytes, Publication& publication) {
  constexpr std::string_view kSentTag("\xB1\x06", 2), kKeptTag("\x98\x07", 2);
  std::uint64_t sentNs = 0;
  if (bytes.substr(0, 2) == kSentTag) {
    bytes.remove_prefix(2);
    if (!readFixed64(bytes, sentNs)) return false;
    publication.sentNs = static_cast<std::int64_t>(sentNs);
    if (bytes.empty()) return true;
  }
  if (bytes.substr(0, 2) != kKeptTag) return false;
  bytes.remove_prefix(2);
  return readVarint(bytes, publication.kept) && bytes.empty();
}

/// Reads the tail that most messages have: number and publisher alone. False if the bytes are not just that.
inline bool readPlainTail(std::string_view bytes, std::uint64_t& sequence, std::uint32_t& publisher) {
  constexpr std::size_t kPublisherSize = 2 + 4, kShortest = 2 + 1 + kPublisherSize, kLongest = kShortest + 8;
  if (bytes.size() < kShortest || bytes.size() > kLongest) return false;  // so the number has 9 bytes at most, 63 bits
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* const end = at + bytes.size() - kPublisherSize;
  if (at[0] != 0xA0 || at[1] != 0x06 || end[0] != 0xAD || end[1] != 0x06 || end[-1] >= 0x80) return false;
  sequence = 0;
  int shift = 0;
  for (at += 2; at != end - 1; ++at, shift += 7) {
    if (*at < 0x80) return false;
    sequence |= std::uint64_t{*at & 0x7Fu} << shift;
  }
  sequence |= std::uint64_t{*at} << shift;
  publisher =
      std::uint32_t{end[2]} | std::uint32_t{end[3]} << 8 | std::uint32_t{end[4]} << 16 | std::uint32_t{end[5]} << 24;
  return true;
}

/// Reads what PublicationTail writes; false if the bytes are not just that.
inline bool readTail(std::string_view bytes, Publication& publication) {
  if (readPlainTail(bytes, publication.sequence, publication.publisher)) return true;
  constexpr std::string_view kSequenceTag("\xA0\x06", 2), kPublisherTag("\xAD\x06", 2);
  if (bytes.substr(0, 2) != kSequenceTag) return false;
  bytes.remove_prefix(2);
  if (!readVarint(bytes, publication.sequence) || bytes.substr(0, 2) != kPublisherTag) return false;
  bytes.remove_prefix(2);
  return readFixed32(bytes, publication.publisher) && (bytes.empty() || readTailsEnd(bytes, publication));
}

}  // namespace dividere::detail
