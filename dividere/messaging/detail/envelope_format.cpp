#include "envelope_format.hpp"

#include "../../core/detail/text.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::string_view kUrlPrefix = "type.googleapis.com/";

void failMalformed(std::string_view who, std::string_view type, std::string_view fault) {
  std::string what(who);
  what += type.empty() ? std::string(": envelope: ") : ": envelope of '" + shown(type) + "': ";
  throw Error(Errc::malformed, what.append(fault));
}

/// The two fields of an envelope, or of the Any in it: a text and bytes, each at most once.
struct EnvelopeFields {
  std::string_view first, second;
  bool hasFirst = false, hasSecond = false, isRepeated = false, hasBundle = false;

  bool read(std::string_view bytes) {
    FieldReader field(bytes);
    while (field.next()) {
      if (field.number() == kBundleField) hasBundle = true;
      if (!field.isBytes() || field.number() > 2) continue;
      bool& has = field.number() == 1 ? hasFirst : hasSecond;
      isRepeated = isRepeated || has;
      has = true;
      (field.number() == 1 ? first : second) = field.bytes();
    }
    return !field.failed();
  }
};

// Python writes a packaged type's short name.
static bool namesAgree(std::string_view fullName, std::string_view name) {
  if (fullName == name) return true;
  return fullName.size() > name.size() && fullName[fullName.size() - name.size() - 1] == '.' &&
         fullName.substr(fullName.size() - name.size()) == name;
}

/// Throws Error{malformed} if one of both is missing.
static void readEnvelopeFields(std::string_view who, std::string_view bytes, EnvelopeFields& envelope) {
  if (bytes.empty()) failMalformed(who, {}, "no bytes");
  if (!envelope.read(bytes)) failMalformed(who, envelope.first, "cut short, or no envelope at all");
  if (envelope.first.empty()) failMalformed(who, {}, "no msgName");
  if (!envelope.hasSecond)
    failMalformed(who, envelope.first, envelope.hasBundle ? "no bundle that can be read" : "no msg");
}

Envelope openEnvelope(std::string_view who, std::string_view bytes) {
  EnvelopeFields envelope, any;
  readEnvelopeFields(who, bytes, envelope);
  const std::string_view name = envelope.first;
  if (!any.read(envelope.second)) failMalformed(who, name, "msg is cut short, or no Any");
  // Two envelopes in one buffer would read as one, of which the last wins.
  if (envelope.isRepeated || any.isRepeated) failMalformed(who, name, "more than one in one message");
  if (any.first.empty()) return {name, any.second};
  const std::string_view fullName = any.first.substr(any.first.rfind('/') + 1);
  if (!namesAgree(fullName, name)) failMalformed(who, name, "msg is of another type, '" + shown(fullName) + "'");
  return {fullName, any.second};
}

std::string envelopePrefix(std::string_view type) { return FieldWriter().part(1, type).take(); }

EnvelopeHead::EnvelopeHead(std::string_view type)
    : name(envelopePrefix(type)),
      start(name + kSecondTag),
      url(FieldWriter().part(1, std::string(kUrlPrefix).append(type)).take()) {}

[[gnu::noinline]] bool EnvelopeHead::skipWithTopic(std::string_view& bytes) const {
  if (!skip(bytes, name) || !skipTopic(bytes) || bytes.empty() || bytes.front() != kSecondTag) return false;
  bytes.remove_prefix(1);
  return true;
}

/// Whether the bytes are fields that may stand behind msg: neither it nor msgName once more.
static bool isTail(std::string_view bytes) {
  FieldReader field(bytes);
  while (field.next()) {
    if (field.number() <= 2) return false;
  }
  return !field.failed();
}

[[gnu::noinline]] bool EnvelopeHead::cutTail(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) return false;
  const std::string_view tail = bytes.substr(static_cast<std::size_t>(size));
  Publication publication;
  if (!readTail(tail, publication) && !isTail(tail)) return false;
  bytes = bytes.substr(0, static_cast<std::size_t>(size));
  return true;
}

std::string sealEnvelope(std::string_view type, std::string_view payload) {
  const EnvelopeHead head(type);
  const EnvelopeLayout layout(head, payload.size());
  std::string bytes(layout.size(), '\0');
  std::uint8_t* to = layout.writeHead(reinterpret_cast<std::uint8_t*>(&bytes[0]));
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
  return bytes;
}

}  // namespace dividere::detail
