#include "dialect.hpp"

#include "../../core/detail/big_endian.hpp"
#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/random.hpp"
#include "../../messaging/detail/correlation.hpp"
#include "../../messaging/detail/envelope_format.hpp"

namespace dividere::detail {

constexpr std::string_view kRegistrationByte("\x01", 1);
constexpr std::string_view kHeartbeatByte("\x02", 1);
constexpr std::string_view kHeartbeatType = "Heartbeat";
constexpr std::string_view kTokenPrefix("\0dividere", 9);
constexpr std::size_t kTokenRandom = 8;

// Fields of Heartbeat that this library adds.
enum HeartbeatField {
  kCapacityField = 100,
  kRegistrationField = 101,
  kGoodbyeField = 102,
  kWorkerFeaturesField = 103,
};

enum CallerField {
  kCallerName = 1,
  kCallerKey = 2,
  kCallerAddress = 3,
};

static Signal readHeartbeat(std::string_view message) {
  Signal signal{Signal::Kind::heartbeat, Dialect::typed};
  FieldReader field(message);
  while (field.next()) {
    if (!field.isVarint()) continue;
    switch (field.number()) {
      case kCapacityField: signal.capacity = static_cast<std::uint32_t>(field.varint()); break;
      case kWorkerFeaturesField: signal.features = static_cast<std::uint32_t>(field.varint()); break;
      case kRegistrationField: signal.isRegistration = field.varint() != 0; break;
      case kGoodbyeField: signal.isGoodbye = field.varint() != 0; break;
      default: break;
    }
  }
  return field.failed() ? Signal() : signal;
}

Signal readSignal(std::string_view bytes) {
  if (bytes == kRegistrationByte) return {Signal::Kind::registration, Dialect::bytes};
  if (bytes == kHeartbeatByte) return {Signal::Kind::heartbeat, Dialect::bytes};
  if (bytes.size() > kLongestSignal) return {};
  try {
    const Envelope envelope = openEnvelope("balancing", bytes);
    if (envelope.type == kHeartbeatType) return readHeartbeat(envelope.payload);
  } catch (const Error&) {
    // Not an envelope: no signal.
  }
  return {};
}

Signal::Kind quickKindOf(std::string_view bytes) {
  static NeverDestroyed<std::string> heartbeat(envelopePrefix(kHeartbeatType));
  if (bytes == kRegistrationByte) return Signal::Kind::registration;
  if (bytes == kHeartbeatByte || bytes.substr(0, heartbeat->size()) == *heartbeat) return Signal::Kind::heartbeat;
  return Signal::Kind::none;
}

std::string writeSignal(const Signal& signal, std::string_view id) {
  if (signal.dialect == Dialect::bytes) {
    return std::string(signal.kind == Signal::Kind::registration ? kRegistrationByte : kHeartbeatByte);
  }
  FieldWriter heartbeat;
  heartbeat.text(1, id)
      .number(kCapacityField, signal.capacity)
      .number(kRegistrationField, signal.isRegistration ? 1 : 0)
      .number(kGoodbyeField, signal.isGoodbye ? 1 : 0)
      .number(kWorkerFeaturesField, signal.features);
  return sealEnvelope(kHeartbeatType, heartbeat.take());
}

bool looksLikeEnvelope(std::string_view bytes) {
  bool hasName = false, hasMessage = false;
  FieldReader field(bytes);
  while (field.next()) {
    if (field.number() == 1 && field.isBytes() && !field.bytes().empty()) hasName = true;
    if (field.number() == 2 && field.isBytes()) hasMessage = true;
  }
  return !field.failed() && hasName && hasMessage;
}

AttemptToken::AttemptToken() : prefix_(std::string(kTokenPrefix) + randomBytes(kTokenRandom)) {}

std::string AttemptToken::next() {
  std::string token = prefix_;
  appendBigEndian(token, ++number_);
  return token;
}

static_assert(AttemptToken::kLength == kTokenPrefix.size() + kTokenRandom + kBigEndianSize);

bool AttemptToken::isOurs(std::string_view frame) {
  return frame.size() == kLength && frame.substr(0, kTokenPrefix.size()) == kTokenPrefix;
}

bool AttemptToken::isOursWithCaller(std::string_view frame) {
  return frame.size() > kLength && frame.substr(0, kTokenPrefix.size()) == kTokenPrefix;
}

std::string writeCaller(const Peer& caller) {
  FieldWriter writer;
  writer.text(kCallerName, caller.name).text(kCallerKey, caller.key).text(kCallerAddress, caller.address);
  return writer.take();
}

Peer readCaller(std::string_view bytes) {
  Peer caller;
  FieldReader field(bytes);
  while (field.next()) {
    switch (field.number()) {
      case kCallerName: field.to(caller.name); break;
      case kCallerKey: field.to(caller.key); break;
      case kCallerAddress: field.to(caller.address); break;
      default: break;
    }
  }
  return field.failed() ? Peer() : caller;
}

bool isCorrelationId(std::string_view frame) { return CorrelationIds::isOne(frame); }

}  // namespace dividere::detail
