#pragma once

#include <string_view>

namespace google::protobuf {

class Descriptor;
class DescriptorPool;
class DescriptorProto;
class EnumDescriptorProto;
class FileDescriptorProto;

class EnumDescriptor {
 public:
  [[nodiscard]] std::string_view full_name() const;
  void CopyTo(EnumDescriptorProto* proto) const;
};

class FieldDescriptor {
 public:
  enum Type {
    TYPE_DOUBLE = 1,
    TYPE_FLOAT,
    TYPE_INT64,
    TYPE_UINT64,
    TYPE_INT32,
    TYPE_FIXED64,
    TYPE_FIXED32,
    TYPE_BOOL,
    TYPE_STRING,
    TYPE_GROUP,
    TYPE_MESSAGE,
    TYPE_BYTES,
    TYPE_UINT32,
    TYPE_ENUM,
    TYPE_SFIXED32,
    TYPE_SFIXED64,
    TYPE_SINT32,
    TYPE_SINT64
  };
  [[nodiscard]] int number() const;
  [[nodiscard]] Type type() const;
  [[nodiscard]] std::string_view type_name() const;
  [[nodiscard]] bool is_packable() const;
  [[nodiscard]] const EnumDescriptor* enum_type() const;
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
  [[nodiscard]] int dependency_count() const;
  [[nodiscard]] const FileDescriptor* dependency(int index) const;
  void CopyTo(FileDescriptorProto* proto) const;
};

class Descriptor {
 public:
  [[nodiscard]] std::string_view full_name() const;
  [[nodiscard]] const FileDescriptor* file() const;
  [[nodiscard]] int field_count() const;
  [[nodiscard]] const FieldDescriptor* field(int index) const;
  [[nodiscard]] const FieldDescriptor* FindFieldByNumber(int number) const;
  void CopyTo(DescriptorProto* proto) const;
  [[nodiscard]] const FieldDescriptor* map_key() const;
  [[nodiscard]] const FieldDescriptor* map_value() const;
};

class MethodDescriptor {
 public:
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string_view full_name() const;
  [[nodiscard]] const Descriptor* input_type() const;
  [[nodiscard]] const Descriptor* output_type() const;
  [[nodiscard]] bool client_streaming() const;
  [[nodiscard]] bool server_streaming() const;
};

class ServiceDescriptor {
 public:
  [[nodiscard]] std::string_view full_name() const;
  [[nodiscard]] int method_count() const;
  [[nodiscard]] const MethodDescriptor* method(int index) const;
};

class DescriptorPool {
 public:
  [[nodiscard]] static const DescriptorPool* generated_pool();
  [[nodiscard]] const Descriptor* FindMessageTypeByName(std::string_view name) const;
  [[nodiscard]] const ServiceDescriptor* FindServiceByName(std::string_view name) const;
};

}  // namespace google::protobuf
