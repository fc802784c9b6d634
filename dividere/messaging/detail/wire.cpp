#include "wire.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <map>
#include <mutex>

#include "../../core/detail/fork.hpp"
#include "../../core/error.hpp"
#include "../envelope.hpp"
#include "framework_messages.hpp"
#include "refusal.hpp"

namespace dividere::detail {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::io::CodedOutputStream;

constexpr std::string_view kUrlPrefix = "type.googleapis.com/";

// Tags of msgEnvelope and of Any, in which the fields have the same numbers and kinds: text or message, bytes.
constexpr char kFirst = 0x0A;
constexpr char kSecond = 0x12;

// --- Fields ---

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

constexpr int kDeepest = 100;  // groups within groups: protobuf's own limit

// By hand: protobuf's reader takes longer to set up than to read.
inline bool readVarint(std::string_view& bytes, std::uint64_t& value) {
  constexpr std::size_t kLongest = 10;
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kLongest; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << 7 * i;
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return true;
  }
  return false;
}

inline bool readTag(std::string_view& bytes, std::uint32_t& tag) {
  std::uint64_t value;
  if (!readVarint(bytes, value) || value > UINT32_MAX || value >> 3 == 0) return false;
  tag = static_cast<std::uint32_t>(value);
  return true;
}

inline bool skipBytes(std::string_view& bytes, std::uint64_t count) {
  if (count > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(count));
  return true;
}

bool FieldReader::fail() {
  failed_ = true;
  return false;
}

bool FieldReader::next() {
  if (failed_ || rest_.empty()) return false;
  std::uint32_t tag;
  if (!readTag(rest_, tag)) return fail();
  number_ = static_cast<int>(tag >> 3);
  isVarint_ = (tag & 7) == kVarint;
  isBytes_ = (tag & 7) == kBytes;
  if (isVarint_) return readVarint(rest_, varint_) || fail();
  if (!isBytes_) return skip(tag, 0) || fail();
  std::uint64_t size;
  if (!readVarint(rest_, size)) return fail();
  bytes_ = rest_.substr(0, static_cast<std::size_t>(size));
  return skipBytes(rest_, size) || fail();
}

bool FieldReader::skip(std::uint32_t tag, int depth) {
  std::uint64_t value;
  switch (tag & 7) {
    case kVarint: return readVarint(rest_, value);
    case kFixed64: return skipBytes(rest_, 8);
    case kFixed32: return skipBytes(rest_, 4);
    case kBytes: return readVarint(rest_, value) && skipBytes(rest_, value);
    case kGroup: break;
    default: return false;
  }
  for (std::uint32_t inner; depth < kDeepest && readTag(rest_, inner);) {
    if ((inner & 7) == kGroupEnd) return inner >> 3 == tag >> 3;
    if (!skip(inner, depth + 1)) return false;
  }
  return false;
}

void appendVarint(std::string& bytes, std::uint64_t value) {
  std::uint8_t buffer[10];
  const std::uint8_t* end = CodedOutputStream::WriteVarint64ToArray(value, buffer);
  bytes.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(end - buffer));
}

void appendBytes(std::string& bytes, char tag, std::string_view value) {
  bytes += tag;
  appendVarint(bytes, value.size());
  bytes += value;
}

FieldWriter& FieldWriter::text(int field, std::string_view value) { return value.empty() ? *this : part(field, value); }

FieldWriter& FieldWriter::part(int field, std::string_view message) {
  appendVarint(bytes_, static_cast<std::uint64_t>(field) << 3 | kBytes);
  appendVarint(bytes_, message.size());
  bytes_ += message;
  return *this;
}

FieldWriter& FieldWriter::number(int field, std::uint64_t value) {
  if (value == 0) return *this;
  appendVarint(bytes_, static_cast<std::uint64_t>(field) << 3 | kVarint);
  appendVarint(bytes_, value);
  return *this;
}

// --- Reading envelopes ---

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 160;
  std::string result;
  for (char c : text.substr(0, kMost)) result += c >= ' ' && c < 127 ? c : '?';
  return text.size() > kMost ? result + "..." : result;
}

/// How many bytes the first character takes; 0 if it is no UTF-8.
std::size_t characterSize(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  // Longer than it needs to be, half of a UTF-16 pair, or beyond the last character.
  const bool isBad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                     (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
  return isBad ? 0 : size;
}

std::string asUtf8(std::string_view text) {
  constexpr std::size_t kMost = 4000;
  std::string result;
  while (!text.empty() && result.size() < kMost) {
    const std::size_t size = characterSize(text);
    result += size == 0 ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return text.empty() ? result : result + "...";
}

[[noreturn]] void failMalformed(std::string_view who, std::string_view type, std::string_view fault) {
  std::string what(who);
  what += type.empty() ? std::string(": envelope: ") : ": envelope of '" + shown(type) + "': ";
  throw Error(Errc::malformed, what.append(fault));
}

/// The two fields of an envelope, or of the Any in it: a text and bytes, each at most once.
struct TwoFields {
  std::string_view first, second;
  bool hasFirst = false, hasSecond = false, isRepeated = false;

  bool read(std::string_view bytes) {
    FieldReader field(bytes);
    while (field.next()) {
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
bool agree(std::string_view fullName, std::string_view name) {
  if (fullName == name) return true;
  return fullName.size() > name.size() && fullName[fullName.size() - name.size() - 1] == '.' &&
         fullName.substr(fullName.size() - name.size()) == name;
}

Envelope openEnvelope(std::string_view who, std::string_view bytes) {
  if (bytes.empty()) failMalformed(who, {}, "no bytes");
  TwoFields envelope, any;
  const bool whole = envelope.read(bytes);
  const std::string_view name = envelope.first;
  if (!whole) failMalformed(who, name, "cut short, or no envelope at all");
  if (!envelope.hasFirst || name.empty()) failMalformed(who, {}, "no msgName");
  if (!envelope.hasSecond) failMalformed(who, name, "no msg");
  if (!any.read(envelope.second)) failMalformed(who, name, "msg is cut short, or no Any");
  // Two envelopes in one buffer would read as one, of which the last wins.
  if (envelope.isRepeated || any.isRepeated) failMalformed(who, name, "more than one in one message");
  if (any.first.empty()) return {name, any.second};
  const std::string_view fullName = any.first.substr(any.first.rfind('/') + 1);
  if (!agree(fullName, name)) {
    failMalformed(who, name, "msg is of another type, '" + shown(fullName) + "'");
  }
  return {fullName, any.second};
}

// --- Writing envelopes ---

std::string envelopePrefix(std::string_view type) {
  std::string prefix;
  appendBytes(prefix, kFirst, type);
  return prefix;
}

inline bool skipStart(std::string_view& bytes, const std::string& start) {
  if (bytes.size() < start.size() || std::memcmp(bytes.data(), start.data(), start.size()) != 0) return false;
  bytes.remove_prefix(start.size());
  return true;
}

/// All of an envelope that depends on the type alone.
struct EnvelopeHead {
  std::string name;  // the msgName field, and the tag of msg
  std::string url;   // the Any's type_url field

  explicit EnvelopeHead(std::string_view type) : name(envelopePrefix(type) + kSecond) {
    appendBytes(url, kFirst, std::string(kUrlPrefix).append(type));
  }

  /// Whether the bytes are an envelope of this type as it is written here, each field once and in order. Then the payload
  /// is what openEnvelope() finds, in a fraction of the time.
  bool opens(std::string_view bytes, std::string_view& payload) const {
    std::uint64_t size;
    if (!skipStart(bytes, name) || !readVarint(bytes, size) || size != bytes.size() || !skipStart(bytes, url))
      return false;
    payload = bytes;
    if (payload.empty()) return true;
    if (payload.front() != kSecond) return false;
    payload.remove_prefix(1);
    return readVarint(payload, size) && size == payload.size();
  }
};

/// The sizes of an envelope's parts, and the writing of all but the payload.
class EnvelopeLayout {
 public:
  EnvelopeLayout(const EnvelopeHead& head, std::size_t payload) : head_(head), payload_(payload) {
    anySize_ = head.url.size() + (payload == 0 ? 0 : 1 + varintSize(payload) + payload);
  }

  std::size_t size() const { return head_.name.size() + varintSize(anySize_) + anySize_; }

  /// Everything before the payload; returns where that goes.
  std::uint8_t* writeHead(std::uint8_t* to) const {
    to = append(to, head_.name);
    to = CodedOutputStream::WriteVarint64ToArray(anySize_, to);
    to = append(to, head_.url);
    if (payload_ == 0) return to;
    *to++ = static_cast<std::uint8_t>(kSecond);
    return CodedOutputStream::WriteVarint64ToArray(payload_, to);
  }

 private:
  static std::size_t varintSize(std::uint64_t value) {
    return static_cast<std::size_t>(CodedOutputStream::VarintSize64(value));
  }

  static std::uint8_t* append(std::uint8_t* to, const std::string& bytes) {
    std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
  }

  const EnvelopeHead& head_;
  std::size_t payload_;
  std::size_t anySize_;
};

std::string sealEnvelope(std::string_view type, std::string_view payload) {
  const EnvelopeHead head(type);
  const EnvelopeLayout layout(head, payload.size());
  std::string bytes(layout.size(), '\0');
  std::uint8_t* to = layout.writeHead(reinterpret_cast<std::uint8_t*>(&bytes[0]));
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
  return bytes;
}

std::string_view typeOf(const Message& message) {
  const auto& name = message.GetDescriptor()->full_name();  // a string in protobuf 3, a view later
  return {name.data(), name.size()};
}

// What tells the types of messages apart: their class, as long as it stands for one type alone. To be asked for its
// Descriptor, a message takes longer than the rest of the envelope. And its typeid is null if what protoc made for it was
// compiled with -fno-rtti. So this is the address of the class's virtual table, with which each of its objects begins.
using MessageClass = const void*;

inline MessageClass classOf(const Message& message) {
  MessageClass table;
  std::memcpy(&table, static_cast<const void*>(&message), sizeof table);
  return table;
}

/// Whether the message is of the class that protoc made for its type. Those of other pools may go, and their addresses be
/// used again; a DynamicMessage may be of any type.
bool isGenerated(const Message& message) {
  const Descriptor* type = message.GetDescriptor();
  if (type->file()->pool() != DescriptorPool::generated_pool()) return false;
  std::lock_guard<std::mutex> lock(processMutex());  // as in prototypeOf()
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return prototype && classOf(*prototype) == classOf(message);
}

static thread_local bool areTypesForgotten = false;
static thread_local std::pair<MessageClass, const EnvelopeHead*> lastHead;

/// What one thread has learned of types.
struct KnownTypes {
  std::map<MessageClass, EnvelopeHead> heads;
  std::map<std::string, const Message*, std::less<>> prototypes;

  ~KnownTypes() {
    areTypesForgotten = true;
    lastHead = {};
  }
};

/// Null as the thread ends, when there may still be messages of its older objects, and of static ones.
KnownTypes* knownTypes() {
  if (areTypesForgotten) return nullptr;
  static thread_local KnownTypes known;
  return &known;
}

/// The head of a generated class, made once a thread; null for other messages.
[[gnu::noinline]] const EnvelopeHead* lookUpHead(const Message& message) {
  KnownTypes* const known = knownTypes();
  if (!known) return nullptr;
  auto head = known->heads.find(classOf(message));
  if (head == known->heads.end()) {
    if (!isGenerated(message)) return nullptr;
    head = known->heads.try_emplace(classOf(message), typeOf(message)).first;
  }
  return &head->second;
}

/// The same, sooner if the thread's last message was of the same class.
inline const EnvelopeHead* knownHead(const Message& message) {
  if (lastHead.first != classOf(message)) {
    const EnvelopeHead* const head = lookUpHead(message);
    if (!head) return nullptr;
    lastHead = {classOf(message), head};
  }
  return lastHead.second;
}

bool openEnvelopeOf(const Message& message, std::string_view bytes, std::string_view& payload) {
  const EnvelopeHead* head = knownHead(message);
  return head && head->opens(bytes, payload);
}

/// Calls `use` with the head of the message's type.
template <class Use>
auto withHead(const Message& message, const Use& use) {
  const EnvelopeHead* known = knownHead(message);
  return known ? use(*known) : use(EnvelopeHead(typeOf(message)));
}

/// `allocate(size)` returns an object with data(): where the envelope is written, and what is returned.
template <class Allocate>
auto encodeWith(std::string_view who, const Message& message, const Allocate& allocate) {
  if (!message.IsInitialized()) {
    throw Error(Errc::incomplete, std::string(who) + ": send " + std::string(typeOf(message)) + ": " +
                                      message.InitializationErrorString());
  }
  const std::size_t payload = message.ByteSizeLong();
  if (payload > INT_MAX) {
    throw Error(Errc::tooLarge, std::string(who) + ": send " + std::string(typeOf(message)) + " of " +
                                    std::to_string(payload) + " bytes, where protobuf's limit is 2 GiB");
  }
  return withHead(message, [&](const EnvelopeHead& head) {
    const EnvelopeLayout layout(head, payload);
    auto made = allocate(layout.size());
    std::uint8_t* to = layout.writeHead(reinterpret_cast<std::uint8_t*>(made.data()));
    message.SerializeWithCachedSizesToArray(to);  // the sizes are those that ByteSizeLong() has just left
    return made;
  });
}

Frame encodeFrame(std::string_view who, const Message& message) {
  return encodeWith(who, message, [](std::size_t size) { return Frame(size); });
}

// --- Messages ---

// Looking a type up takes protobuf's own lock: done once a thread for each type, and with fork() held off, which
// would leave that lock taken in the child. Names of types that are not linked are not kept: peers choose them.
const Message* prototypeOf(std::string_view type) {
  KnownTypes* const known = knownTypes();
  if (known) {
    const auto found = known->prototypes.find(type);
    if (found != known->prototypes.end()) return found->second;
  }
  const std::string name(type);
  std::lock_guard<std::mutex> lock(processMutex());
  const Descriptor* descriptor = DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  // The entry of a map has a type too, but is no message: protobuf aborts when one without a value is serialized.
  if (!descriptor || descriptor->map_key()) return nullptr;
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  if (known) known->prototypes.emplace(name, prototype);
  return prototype;
}

std::unique_ptr<Message> newMessage(std::string_view type) {
  const Message* prototype = prototypeOf(type);
  return std::unique_ptr<Message>(prototype ? prototype->New() : nullptr);
}

void parsePayload(std::string_view who, std::string_view payload, Message& message) {
  if (payload.size() > INT_MAX || !message.ParsePartialFromArray(payload.data(), static_cast<int>(payload.size()))) {
    failMalformed(who, typeOf(message), "the payload is no such message");
  }
  if (!message.IsInitialized()) {
    failMalformed(who, typeOf(message), "required fields are missing: " + message.InitializationErrorString());
  }
}

// What a peer says instead of an answer is an error here, not a message.
void throwIfError(std::string_view who, const Envelope& envelope) {
  DividereError told;
  if (envelope.type == DividereError::kType && told.decode(envelope.payload)) throw asError(who, told);
}

void throwIfErrorEnvelope(std::string_view who, std::string_view bytes) {
  static const std::string& prefix = *new std::string(envelopePrefix(DividereError::kType));
  if (bytes.substr(0, prefix.size()) == prefix) throwIfError(who, openEnvelope(who, bytes));
}

std::unique_ptr<Message> decodeEnvelope(std::string_view who, std::string_view bytes) {
  const Envelope envelope = openEnvelope(who, bytes);
  auto message = newMessage(envelope.type);
  if (!message) {
    throwIfError(who, envelope);
    throw Error(Errc::unknownType, std::string(who) + ": envelope of '" + shown(envelope.type) +
                                       "': the type is not linked into this program");
  }
  parsePayload(who, envelope.payload, *message);
  return message;
}

/// The payload of an envelope that openEnvelopeOf() does not open: written in another way, or of another type.
[[gnu::noinline]] std::string_view payloadFor(const Message& message, std::string_view who, std::string_view bytes) {
  const Envelope envelope = openEnvelope(who, bytes);
  if (envelope.type != typeOf(message)) {
    throwIfError(who, envelope);
    throw Error(Errc::wrongType, std::string(who) + ": envelope of '" + shown(envelope.type) + "', where '" +
                                     std::string(typeOf(message)) + "' is asked for");
  }
  return envelope.payload;
}

void decodeEnvelopeInto(std::string_view who, std::string_view bytes, Message& message) {
  std::string_view payload;
  if (!openEnvelopeOf(message, bytes, payload)) payload = payloadFor(message, who, bytes);
  parsePayload(who, payload, message);
}

}  // namespace dividere::detail

namespace dividere::messaging {

std::string ProtoBuffEncoder::encode(const google::protobuf::Message& message) const {
  return detail::encodeWith("messaging::ProtoBuffEncoder", message,
                            [](std::size_t size) { return std::string(size, '\0'); });
}

std::unique_ptr<google::protobuf::Message> ProtoBuffDecoder::decode(std::string_view envelope) const {
  return detail::decodeEnvelope("messaging::ProtoBuffDecoder", envelope);
}

}  // namespace dividere::messaging
