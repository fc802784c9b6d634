#pragma once

#include <string_view>

namespace google::protobuf {

class Descriptor;
class DescriptorPool;
class FieldDescriptor;

class FieldDescriptor {
 public:
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] bool is_required() const;
  [[nodiscard]] bool is_repeated() const;
  [[nodiscard]] bool is_map() const;
  [[nodiscard]] const Descriptor* message_type() const;
};

class FileDescriptor {
 public:
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] const DescriptorPool* pool() const;
};

class Descriptor {
 public:
  [[nodiscard]] std::string_view full_name() const;
  [[nodiscard]] const FileDescriptor* file() const;
  [[nodiscard]] int field_count() const;
  [[nodiscard]] const FieldDescriptor* field(int index) const;
  [[nodiscard]] const FieldDescriptor* map_key() const;
  [[nodiscard]] const FieldDescriptor* map_value() const;
};

class DescriptorPool {
 public:
  [[nodiscard]] static const DescriptorPool* generated_pool();
  [[nodiscard]] const Descriptor* FindMessageTypeByName(std::string_view name) const;
};

}  // namespace google::protobuf
