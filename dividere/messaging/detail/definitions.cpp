#include "definitions.hpp"

#include <mutex>
#include <set>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/text.hpp"
#include "fields.hpp"

namespace dividere::detail {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Walks the fields of a payload and of the messages in it.
class Contradiction {
 public:
  explicit Contradiction(bool isParsed) : isParsed_(isParsed) {}

  std::string find(const Descriptor& type, std::string_view payload, const std::string& path, int depth) {
    FieldReader fields(payload);
    while (fields.next()) {
      if (--left_ < 0) return {};
      const FieldDescriptor* const field = type.FindFieldByNumber(fields.number());
      if (!field) continue;
      std::string found = fits(fields, *field) ? inside(fields, *field, path, depth) : sayKinds(fields, *field, path);
      if (!found.empty()) return found;
    }
    if (!fields.failed()) return {};
    return path.empty() ? "it is cut short"
                        : "field '" + path.substr(0, path.size() - 1) + "' is cut short, or no message";
  }

 private:
  enum class Kind { varint, fixed32, fixed64, bytes, group };

  static Kind kindOf(const FieldReader& fields) {
    if (fields.isBytes()) return Kind::bytes;
    if (fields.isVarint()) return Kind::varint;
    if (fields.isFixed32()) return Kind::fixed32;
    return fields.isFixed64() ? Kind::fixed64 : Kind::group;
  }

  static Kind kindOf(const FieldDescriptor& field) {
    switch (field.type()) {
      case FieldDescriptor::TYPE_DOUBLE:
      case FieldDescriptor::TYPE_FIXED64:
      case FieldDescriptor::TYPE_SFIXED64: return Kind::fixed64;
      case FieldDescriptor::TYPE_FLOAT:
      case FieldDescriptor::TYPE_FIXED32:
      case FieldDescriptor::TYPE_SFIXED32: return Kind::fixed32;
      case FieldDescriptor::TYPE_STRING:
      case FieldDescriptor::TYPE_BYTES:
      case FieldDescriptor::TYPE_MESSAGE: return Kind::bytes;
      case FieldDescriptor::TYPE_GROUP: return Kind::group;
      default: return Kind::varint;
    }
  }

  static const char* words(Kind kind) {
    switch (kind) {
      case Kind::varint: return "an integer, a bool or an enum";
      case Kind::fixed32: return "a float or a number of 32 fixed bits";
      case Kind::fixed64: return "a double or a number of 64 fixed bits";
      case Kind::bytes: return "text, bytes, a message or a list";
      case Kind::group: return "a group";
    }
    return "";
  }

  /// Numbers in a list come one by one or all in one.
  static bool fits(const FieldReader& fields, const FieldDescriptor& field) {
    const Kind kind = kindOf(fields);
    return kind == kindOf(field) || (kind == Kind::bytes && field.is_packable());
  }

  static std::string nameOf(const FieldDescriptor& field, const std::string& path) {
    return "field " + std::to_string(field.number()) + " '" + path + std::string(field.name()) + "'";
  }

  static std::string sayKinds(const FieldReader& fields, const FieldDescriptor& field, const std::string& path) {
    return nameOf(field, path) + " comes as " + words(kindOf(fields)) + ", and is " +
           (field.is_repeated() ? "a list of " : "of type ") + std::string(field.type_name()) + " here";
  }

  std::string inside(const FieldReader& fields, const FieldDescriptor& field, const std::string& path, int depth) {
    if (!fields.isBytes()) return {};
    if (field.type() == FieldDescriptor::TYPE_MESSAGE && depth < kDeepestLook) {
      return find(*field.message_type(), fields.bytes(), path + std::string(field.name()) + ".", depth + 1);
    }
    const bool isText = field.type() == FieldDescriptor::TYPE_STRING && !isParsed_;
    if (!isText || asUtf8(fields.bytes().substr(0, kTextLookedAt)) == fields.bytes().substr(0, kTextLookedAt))
      return {};
    return nameOf(field, path) + " is no text in UTF-8, and is of type string here";
  }

  static constexpr int kDeepestLook = 8;
  static constexpr std::size_t kTextLookedAt = 1000;

  const bool isParsed_;
  int left_ = 64;
};

std::string contradictionIn(const Descriptor& type, std::string_view payload, bool isParsed) {
  return Contradiction(isParsed).find(type, payload, "", 0);
}

/// Whether it is to be told: once in the process, and not too many.
static bool isNewContradiction(const std::string& text) {
  constexpr std::size_t kMostTold = 100;
  static NeverDestroyed<std::set<std::string>> told;  // under processMutex()
  std::lock_guard<std::mutex> lock(processMutex());
  return told->size() < kMostTold && told->insert(text).second;
}

[[gnu::noinline]] static void lookAtDefinition(std::string_view who, const google::protobuf::Message& message,
                                               std::string_view payload) {
  const std::string found = contradictionIn(*message.GetDescriptor(), payload, true);
  if (found.empty()) return;
  const std::string text = "messages of " + std::string(message.GetDescriptor()->full_name()) + ": " + found +
                           ": the sender has another definition of the type";
  if (isNewContradiction(text)) log(LogLevel::warning, who, text);
}

// Every message of the sender's has that field, so a few are enough: to look at one costs as much as to parse it. An odd
// interval, so that of types that take turns each is looked at.
void watchDefinition(std::string_view who, const google::protobuf::Message& message, std::string_view payload) {
  constexpr unsigned kFirst = 16, kInterval = 251;
  static thread_local unsigned parsed = 0;
  const unsigned number = parsed++;
  if (number < kFirst || number % kInterval == 0) lookAtDefinition(who, message, payload);
}

}  // namespace dividere::detail
