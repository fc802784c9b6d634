#include "codec.hpp"

#include <climits>

#include "../../core/detail/text.hpp"
#include "../../core/error.hpp"
#include "definitions.hpp"
#include "error_envelope.hpp"
#include "missing_fields.hpp"

namespace dividere::detail {

bool openEnvelopeOf(const google::protobuf::Message& message, std::string_view bytes, std::string_view& payload) {
  const EnvelopeHead* head = knownHead(message);
  return head && head->opens(bytes, payload);
}

/// Calls `use` with the head of the message's type.
template <class Use>
static auto withHead(const google::protobuf::Message& message, const Use& use) {
  const EnvelopeHead* known = knownHead(message);
  return known ? use(*known) : use(EnvelopeHead(typeOf(message)));
}

[[noreturn, gnu::cold]] static void failToSend(Errc code, std::string_view who,
                                               const google::protobuf::Message& message, const std::string& why) {
  throw Error(code, std::string(who) + ": send " + std::string(typeOf(message)) + why);
}

/// `allocate(size)` returns an object with data(): where the envelope is written, and what is returned.
template <class Allocate>
static auto encodeWith(std::string_view who, const google::protobuf::Message& message, const EnvelopeExtras& extras,
                       const Allocate& allocate) {
  if (!message.IsInitialized()) failToSend(Errc::incomplete, who, message, ": " + missingFields(message));
  const std::size_t payload = message.ByteSizeLong();
  if (payload > INT_MAX) {
    failToSend(Errc::tooLarge, who, message,
               " of " + std::to_string(payload) + " bytes, where protobuf's limit is 2 GiB");
  }
  return withHead(message, [&](const EnvelopeHead& head) {
    const EnvelopeLayout layout(head, payload, extras);
    auto made = allocate(layout.size());
    std::uint8_t* to = layout.writeHead(reinterpret_cast<std::uint8_t*>(made.data()));
    // The sizes are those that ByteSizeLong() has just left.
    layout.writeTail(message.SerializeWithCachedSizesToArray(to));
    return made;
  });
}

std::string_view seriesOf(const google::protobuf::Message& message, std::string_view topic, std::string& room) {
  const EnvelopeHead* const known = knownHead(message);
  if (known && topic.empty()) return known->name;
  room = known ? known->name : envelopePrefix(typeOf(message));
  return room.append(topic);
}

Frame encodeFrame(std::string_view who, const google::protobuf::Message& message, const EnvelopeExtras& extras) {
  return encodeWith(who, message, extras, [](std::size_t size) { return Frame(size); });
}

std::string encodeString(std::string_view who, const google::protobuf::Message& message) {
  return encodeWith(who, message, {}, [](std::size_t size) { return std::string(size, '\0'); });
}

[[noreturn, gnu::cold]] static void failIncomplete(std::string_view who, const google::protobuf::Message& message) {
  failMalformed(who, typeOf(message), "required fields are missing: " + missingFields(message));
}

[[noreturn, gnu::cold]] static void failToParse(std::string_view who, const google::protobuf::Message& message,
                                                std::string_view payload) {
  const std::string why = contradictionIn(*message.GetDescriptor(), payload, false);
  failMalformed(who, typeOf(message), "the payload is no such message" + (why.empty() ? why : ": " + why));
}

void parsePayload(std::string_view who, std::string_view payload, google::protobuf::Message& message) {
  if (payload.size() > INT_MAX || !message.ParsePartialFromArray(payload.data(), static_cast<int>(payload.size()))) {
    failToParse(who, message, payload);
  }
  watchDefinition(who, message, payload);
  if (!message.IsInitialized()) failIncomplete(who, message);
}

std::unique_ptr<google::protobuf::Message> decodeEnvelope(std::string_view who, std::string_view bytes) {
  const Envelope envelope = openEnvelope(who, bytes);
  std::string_view whyNot;
  auto message = newMessage(envelope.type, &whyNot);
  if (!message) {
    throwIfError(who, envelope);
    throw Error(Errc::unknownType,
                std::string(who) + ": envelope of '" + shown(envelope.type) + "': " + std::string(whyNot));
  }
  parsePayload(who, envelope.payload, *message);
  return message;
}

/// The payload of an envelope that openEnvelopeOf() does not open: written in another way, or of another type.
[[gnu::noinline]] static std::string_view payloadFor(const google::protobuf::Message& message, std::string_view who,
                                                     std::string_view bytes) {
  const Envelope envelope = openEnvelope(who, bytes);
  if (envelope.type != typeOf(message)) {
    throwIfError(who, envelope);
    throw Error(Errc::wrongType, std::string(who) + ": envelope of '" + shown(envelope.type) + "', where '" +
                                     std::string(typeOf(message)) + "' is asked for");
  }
  return envelope.payload;
}

void decodeEnvelopeInto(std::string_view who, std::string_view bytes, google::protobuf::Message& message) {
  std::string_view payload;
  if (!openEnvelopeOf(message, bytes, payload)) payload = payloadFor(message, who, bytes);
  parsePayload(who, payload, message);
}

}  // namespace dividere::detail
