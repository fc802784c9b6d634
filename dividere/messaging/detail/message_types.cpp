#include "message_types.hpp"

#include <google/protobuf/descriptor.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/never_destroyed.hpp"

namespace dividere::detail {

std::string_view typeOf(const google::protobuf::Message& message) {
  const auto& name = message.GetDescriptor()->full_name();  // a string in protobuf 3, a view later
  return {name.data(), name.size()};
}

/// Whether the message is of the class that protoc made for its type. Those of other pools may go, and their addresses be
/// used again; a DynamicMessage may be of any type.
static bool isGenerated(const google::protobuf::Message& message) {
  const google::protobuf::Descriptor* type = message.GetDescriptor();
  if (type->file()->pool() != google::protobuf::DescriptorPool::generated_pool()) return false;
  std::lock_guard<std::mutex> lock(processMutex());  // as in prototypeOf()
  const google::protobuf::Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return prototype && messageClassOf(*prototype) == messageClassOf(message);
}

static thread_local bool areTypesForgotten = false;

/// What one thread has learned of types.
struct KnownTypes {
  std::map<MessageClass, EnvelopeHead> heads;
  std::map<std::string, const google::protobuf::Message*, std::less<>> prototypes;

  ~KnownTypes() {
    areTypesForgotten = true;
    lastHead = {};
  }
};

/// Null as the thread ends, when there may still be messages of its older objects, and of static ones.
static KnownTypes* knownTypes() {
  if (areTypesForgotten) return nullptr;
  static thread_local KnownTypes known;
  return &known;
}

[[gnu::noinline]] const EnvelopeHead* lookUpHead(const google::protobuf::Message& message) {
  KnownTypes* const known = knownTypes();
  if (!known) return nullptr;
  auto head = known->heads.find(messageClassOf(message));
  if (head == known->heads.end()) {
    if (!isGenerated(message)) return nullptr;
    head = known->heads.try_emplace(messageClassOf(message), typeOf(message)).first;
  }
  return &head->second;
}

// protobuf looks a name up by each part that ends at a dot, anew from the start: at this length it takes 50 us at most, at
// 256 KiB half a minute. Names in use stay below 300.
constexpr std::size_t kLongestTypeName = 512;

static bool isLetterOfName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool isDigitOfName(char c) { return c >= '0' && c <= '9'; }

bool isTypeName(std::string_view name) {
  if (name.size() > kLongestTypeName) return false;
  bool isPartsStart = true;
  for (const char c : name) {
    const bool endsPart = c == '.' && !isPartsStart;
    const bool goesOn = isDigitOfName(c) && !isPartsStart;
    if (!isLetterOfName(c) && !goesOn && !endsPart) return false;
    isPartsStart = endsPart;
  }
  return !isPartsStart;
}

// --- Types that have to be allowed ---

/// By full name. Under processMutex().
static std::set<std::string, std::less<>>& allowedTypes() {
  static NeverDestroyed<std::set<std::string, std::less<>>> allowed;
  return *allowed;
}

void allowTypes(const std::vector<std::string>& types) {
  std::lock_guard<std::mutex> lock(processMutex());
  allowedTypes().insert(types.begin(), types.end());
}

/// Types that describe types are linked into every program, are never sent by most, and take a hundred times the memory of
/// their bytes.
static bool describesTypes(const google::protobuf::Descriptor& type) {
  const std::string_view file(type.file()->name());
  return file == "google/protobuf/descriptor.proto" || file == "google/protobuf/type.proto" ||
         file == "google/protobuf/api.proto" || file == "google/protobuf/compiler/plugin.proto";
}

// --- Prototypes ---

constexpr std::string_view kNoName = "no type has such a name";
constexpr std::string_view kNotLinked = "the type is not linked into this program";
constexpr std::string_view kNotAllowed =
    "a type that describes types is taken only if it is asked for by type, or allowed by messaging::allowTypes()";

struct FoundType {
  const google::protobuf::Message* prototype = nullptr;
  std::string_view whyNot;  // if that is null
};

/// Under processMutex().
static FoundType findType(const std::string& name) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  // The entry of a map has a type too, but is no message: protobuf aborts when one without a value is serialized.
  if (!type || type->map_key()) return {nullptr, kNotLinked};
  if (describesTypes(*type) && allowedTypes().count(name) == 0) return {nullptr, kNotAllowed};
  return {google::protobuf::MessageFactory::generated_factory()->GetPrototype(type), {}};
}

// Looking a type up takes protobuf's own lock: done once a thread for each type, and with fork() held off, which
// would leave that lock taken in the child. Names of types that are not linked are not kept: peers choose them.
static FoundType prototypeOf(std::string_view type) {
  KnownTypes* const known = knownTypes();
  if (known) {
    const auto found = known->prototypes.find(type);
    if (found != known->prototypes.end()) return {found->second, {}};
  }
  if (!isTypeName(type)) return {nullptr, kNoName};
  const std::string name(type);
  std::lock_guard<std::mutex> lock(processMutex());
  const FoundType found = findType(name);
  if (found.prototype && known) known->prototypes.emplace(name, found.prototype);
  return found;
}

std::unique_ptr<google::protobuf::Message> newMessage(std::string_view type, std::string_view* whyNot) {
  const FoundType found = prototypeOf(type);
  if (whyNot) *whyNot = found.whyNot;
  return std::unique_ptr<google::protobuf::Message>(found.prototype ? found.prototype->New() : nullptr);
}

}  // namespace dividere::detail
