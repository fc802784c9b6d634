#include "message_types.hpp"

#include <google/protobuf/descriptor.h>

#include <map>
#include <mutex>
#include <string>

#include "../../core/detail/fork.hpp"

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

// Looking a type up takes protobuf's own lock: done once a thread for each type, and with fork() held off, which
// would leave that lock taken in the child. Names of types that are not linked are not kept: peers choose them.
static const google::protobuf::Message* prototypeOf(std::string_view type) {
  KnownTypes* const known = knownTypes();
  if (known) {
    const auto found = known->prototypes.find(type);
    if (found != known->prototypes.end()) return found->second;
  }
  const std::string name(type);
  std::lock_guard<std::mutex> lock(processMutex());
  const google::protobuf::Descriptor* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  // The entry of a map has a type too, but is no message: protobuf aborts when one without a value is serialized.
  if (!descriptor || descriptor->map_key()) return nullptr;
  const google::protobuf::Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  if (known) known->prototypes.emplace(name, prototype);
  return prototype;
}

std::unique_ptr<google::protobuf::Message> newMessage(std::string_view type) {
  const google::protobuf::Message* prototype = prototypeOf(type);
  return std::unique_ptr<google::protobuf::Message>(prototype ? prototype->New() : nullptr);
}

}  // namespace dividere::detail
