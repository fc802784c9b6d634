#pragma once

#include <string_view>

namespace google::protobuf {

class Descriptor;
class DescriptorPool;
class FieldDescriptor;

class FileDescriptor {
 public:
  [[nodiscard]] const DescriptorPool* pool() const;
};

class Descriptor {
 public:
  [[nodiscard]] std::string_view full_name() const;
  [[nodiscard]] const FileDescriptor* file() const;
  [[nodiscard]] const FieldDescriptor* map_key() const;
};

class DescriptorPool {
 public:
  [[nodiscard]] static const DescriptorPool* generated_pool();
  [[nodiscard]] const Descriptor* FindMessageTypeByName(std::string_view name) const;
};

}  // namespace google::protobuf
