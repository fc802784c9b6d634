#include "publication.hpp"

#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::string_view kNameTag("\x0A", 1);
constexpr std::string_view kMsgTag("\x12", 1);
constexpr std::string_view kAddresseeTag("\xEA\x06", 2);

/// Takes a tag and the bytes of a length-delimited field off the front.
static bool takeBytes(std::string_view& bytes, std::string_view tag, std::string_view& value) {
  std::uint64_t size;
  if (bytes.substr(0, tag.size()) != tag) return false;
  bytes.remove_prefix(tag.size());
  if (!readVarint(bytes, size) || size > bytes.size()) return false;
  value = bytes.substr(0, static_cast<std::size_t>(size));
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

bool skipBundled(std::string_view& bytes) {
  std::string_view rest = bytes, payload;
  if (!takeBytes(rest, kBundleTag, payload)) return false;
  bytes = rest;
  return true;
}

static void takeTailField(const FieldReader& field, Publication& publication) {
  switch (field.number()) {
    case kSequenceField: return field.to(publication.sequence);
    case kKeptField: return field.to(publication.kept);
    case kAgainField: return field.to(publication.isAgain);
    case kPublisherField:
      if (field.isFixed32()) publication.publisher = field.fixed32();
      return;
    case kSentField:
      if (field.isFixed64()) publication.sentNs = static_cast<std::int64_t>(field.fixed64());
      return;
    default: return;
  }
}

/// As readTail(), of fields in any order, with others among them, but for those of a bundle.
static bool readTailSlowly(std::string_view bytes, Publication& publication) {
  FieldReader field(bytes);
  while (field.next()) {
    takeTailField(field, publication);
    if (field.number() == kBundleField) return publication.isBundle = true, false;
  }
  return !field.failed();
}

static bool readAnyTail(std::string_view bytes, Publication& publication) {
  return bytes.empty() || readTail(bytes, publication) || readTailSlowly(bytes, publication);
}

/// What is behind a series and msg, if there is one. All payloads stand in a row.
static bool readBundle(std::string_view bytes, bool hasMsg, Publication& publication) {
  publication.isBundle = true;
  publication.count = hasMsg ? 1 : 0;
  while (publication.count < kMostBundled && skipBundled(bytes)) ++publication.count;
  const bool isOver = bytes.substr(0, kBundleTag.size()) != kBundleTag;
  const bool isNamed = !typeOfSeries(publication.series).empty() && publication.series.size() <= kLongestSeries;
  return isOver && isNamed && readAnyTail(bytes, publication) && publication.sequence - 1 < UINT64_MAX / 2;
}

bool readPublication(std::string_view envelope, Publication& publication) {
  std::string_view rest = envelope, part;
  takeBytes(rest, kAddresseeTag, part);
  const std::string_view own = rest;
  if (!takeBytes(rest, kNameTag, part) || !skipTopic(rest)) return false;
  publication.series = own.substr(0, own.size() - rest.size());
  const bool hasMsg = rest.substr(0, 1) == kMsgTag;
  if (hasMsg && !skipMsg(rest)) return false;
  if (rest.substr(0, kBundleTag.size()) == kBundleTag) return readBundle(rest, hasMsg, publication);
  return hasMsg && readAnyTail(rest, publication);
}

std::string topicFields(std::string_view who, const messaging::Topic& topic) {
  FieldWriter writer;
  for (const std::string& segment : topic) writer.part(kTopicField, segment);
  std::string fields = writer.take();
  if (fields.size() > kLongestTopic) {
    throw Error(Errc::tooLarge, std::string(who) + ": a topic of " + std::to_string(fields.size()) + " bytes, where " +
                                    std::to_string(kLongestTopic) + " are the most");
  }
  return fields;
}

messaging::Topic topicOfSeries(std::string_view series) {
  messaging::Topic topic;
  FieldReader field(series);
  while (field.next()) {
    if (field.number() == kTopicField && field.isBytes()) topic.emplace_back(field.bytes());
  }
  return topic;
}

std::string_view typeOfSeries(std::string_view series) {
  FieldReader field(series);
  return field.next() && field.number() == 1 && field.isBytes() ? field.bytes() : std::string_view();
}

bool skipOneField(std::string_view& rest) {
  constexpr std::string_view kTopicTag("\xDA\x06", 2);
  std::string_view part;
  return takeBytes(rest, rest.substr(0, 1) == kNameTag ? kNameTag : kTopicTag, part);
}

}  // namespace dividere::detail
