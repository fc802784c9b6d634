#include "implemented.hpp"

#include <google/protobuf/descriptor.h>

#include <mutex>
#include <string_view>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/text.hpp"
#include "../../messaging/detail/message_types.hpp"

namespace dividere::detail {

/// One service, method by method.
class Implementation {
 public:
  Implementation(HandlerTable& handlers, const google::protobuf::ServiceDescriptor& service)
      : handlers_(handlers), service_(service) {}

  void bindAll() {
    for (int i = 0; i < service_.method_count(); ++i) bind(*service_.method(i));
    if (!faults_.empty()) throw Error(code_, std::string(service_.full_name()) + " is incomplete: " + faults_);
  }

 private:
  using Method = google::protobuf::MethodDescriptor;
  using Entry = HandlerTable::Entry;

  void bind(const Method& method) {
    // Later protobuf has views in their place. NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const std::string name(method.name()), input(method.input_type()->full_name());
    if (method.client_streaming()) return fail(Errc::unknownType, name + " takes a stream, which no handler does");
    Entry* entry = handlers_.findMethod(name);
    const bool isOfType = !entry && takesAlone(method);
    if (isOfType) entry = share(&name, input, handlers_.findType(input));
    if (!entry) return fail(Errc::unknownType, "no handler for " + name + "(" + input + ")");
    if (!isRight(method, *entry)) return;
    entry->replyRule = std::make_shared<const ReplyRule>(
        ReplyRule{std::string(method.full_name()), method.output_type(), method.server_streaming()});
    if (isOfType) handlers_.findType(input)->replyRule = entry->replyRule;
    if (!isOfType && takesAlone(method) && !handlers_.findType(input)) share(nullptr, input, entry);
  }

  bool takesAlone(const Method& method) const {
    for (int i = 0; i < service_.method_count(); ++i) {
      const Method& other = *service_.method(i);
      if (&other != &method && other.input_type() == method.input_type()) return false;
    }
    return true;
  }

  /// Makes a handler that of this method, or of the type, too; null if there is none. Both are the same one, with its state.
  Entry* share(const std::string* method, const std::string& type, Entry* entry) {
    if (!entry) return nullptr;
    const auto one = std::make_shared<HandlerTable::Handler>(std::move(entry->handle));
    entry->handle = [one](const google::protobuf::Message& message, reactor::Sender& sender) {
      (*one)(message, sender);
    };
    Entry other = *entry;
    other.method.clear();
    handlers_.set(method, std::move(other));
    return method ? handlers_.findMethod(*method) : handlers_.findType(type);
  }

  bool isRight(const Method& method, const Entry& entry) {
    const std::string name(method.name());  // NOLINT(performance-unnecessary-copy-initialization)
    return isSame(name + " takes", *method.input_type(), *entry.message) &&
           (!entry.reply || method.server_streaming() ||
            isSame(name + " returns", *method.output_type(), *entry.reply));
  }

  bool isSame(const std::string& what, const google::protobuf::Descriptor& due, const google::protobuf::Message& its) {
    const std::string dueName(due.full_name());  // NOLINT(performance-unnecessary-copy-initialization)
    if (typeOf(its) == dueName) return true;
    fail(Errc::wrongType, what + " " + dueName + ", its handler " + std::string(typeOf(its)));
    return false;
  }

  void fail(Errc code, const std::string& fault) {
    if (faults_.empty() || code == Errc::unknownType) code_ = code;
    faults_ += (faults_.empty() ? "" : "; ") + fault;
  }

  HandlerTable& handlers_;
  const google::protobuf::ServiceDescriptor& service_;
  Errc code_{};
  std::string faults_;
};

// With fork() held off, as it would leave protobuf's locks taken in the child.
void implementService(HandlerTable& handlers, const std::string& service) {
  const google::protobuf::ServiceDescriptor* found = nullptr;
  std::lock_guard<std::mutex> lock(processMutex());
  if (isTypeName(service)) found = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  if (!found) throw Error(Errc::unknownType, "no service '" + shown(service) + "' is linked into this program");
  Implementation(handlers, *found).bindAll();
}

}  // namespace dividere::detail
