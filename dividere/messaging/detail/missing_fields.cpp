#include "missing_fields.hpp"

#include <google/protobuf/descriptor.h>

#include <utility>
#include <vector>

namespace dividere::detail {

/// Walks a message and those inside it until the list is long enough.
class MissingFields {
 public:
  void look(const google::protobuf::Message& message, const std::string& path, int depth = 0) {
    if (depth == kDeepest) return add(path + "...");
    const auto* type = message.GetDescriptor();
    const auto* reflection = message.GetReflection();
    for (int i = 0; i < type->field_count() && !isLong(); ++i) {
      const auto* field = type->field(i);
      if (field->is_required() && !reflection->HasField(message, field)) add(path + std::string(field->name()));
    }
    std::vector<const google::protobuf::FieldDescriptor*> present;
    reflection->ListFields(message, &present);
    for (const auto* field : present) {
      if (holdsMessages(*field)) lookInside(message, *field, path + std::string(field->name()), depth + 1);
    }
  }

  std::string take() { return std::move(list_); }

 private:
  bool isLong() const { return list_.size() > kLong; }

  void add(const std::string& name) {
    if (!list_.empty()) list_ += ", ";
    list_ += name;
    if (isLong()) list_ += ", ...";  // whether or not there are more: to know would be to look
  }

  static bool holdsMessages(const google::protobuf::FieldDescriptor& field) {
    return field.message_type() && (!field.is_map() || field.message_type()->map_value()->message_type());
  }

  void lookInside(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                  const std::string& path, int depth) {
    const auto* reflection = message.GetReflection();
    if (!field.is_repeated()) return lookIfIncomplete(reflection->GetMessage(message, &field), path + ".", depth);
    const int size = reflection->FieldSize(message, &field);
    for (int i = 0; i < size && !isLong(); ++i) {
      lookIfIncomplete(reflection->GetRepeatedMessage(message, &field, i), path + "[" + std::to_string(i) + "].",
                       depth);
    }
  }

  void lookIfIncomplete(const google::protobuf::Message& message, const std::string& path, int depth) {
    if (!isLong() && !message.IsInitialized()) look(message, path, depth);
  }

  static constexpr std::size_t kLong = 200;
  static constexpr int kDeepest = 8;  // at each step down, IsInitialized() reads all that is below once more

  std::string list_;
};

std::string missingFields(const google::protobuf::Message& message) {
  MissingFields missing;
  missing.look(message, "");
  return missing.take();
}

}  // namespace dividere::detail
