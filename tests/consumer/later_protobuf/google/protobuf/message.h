// What dividere uses of protobuf, as its majors after 3.21, up to 36, declare it: names are views, results are not to be dropped, and
// nothing is there that has been deprecated. To be compiled against, not to be run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#define GOOGLE_PROTOBUF_VERSION 7036000

namespace google::protobuf {

class Descriptor;
class FieldDescriptor;
class MessageFactory;
class Reflection;

class MessageLite {
 public:
  virtual ~MessageLite() = default;
  [[nodiscard]] std::string_view GetTypeName() const;
  [[nodiscard]] bool IsInitialized() const;
  [[nodiscard]] bool ParsePartialFromArray(const void* data, int size);
  [[nodiscard]] std::size_t ByteSizeLong() const;
  [[nodiscard]] std::string SerializeAsString() const;
  [[nodiscard]] std::uint8_t* SerializeWithCachedSizesToArray(std::uint8_t* target) const;
};

class Message : public MessageLite {
 public:
  [[nodiscard]] Message* New() const;
  [[nodiscard]] const Descriptor* GetDescriptor() const;
  [[nodiscard]] const Reflection* GetReflection() const;
};

class Reflection {
 public:
  [[nodiscard]] bool HasField(const Message& message, const FieldDescriptor* field) const;
  [[nodiscard]] int FieldSize(const Message& message, const FieldDescriptor* field) const;
  void ListFields(const Message& message, std::vector<const FieldDescriptor*>* output) const;
  [[nodiscard]] const Message& GetMessage(const Message& message, const FieldDescriptor* field,
                                          MessageFactory* factory = nullptr) const;
  [[nodiscard]] const Message& GetRepeatedMessage(const Message& message, const FieldDescriptor* field,
                                                  int index) const;
};

class MessageFactory {
 public:
  virtual ~MessageFactory() = default;
  [[nodiscard]] virtual const Message* GetPrototype(const Descriptor* type) = 0;
  [[nodiscard]] static MessageFactory* generated_factory();
};

}  // namespace google::protobuf
