// What dividere uses of protobuf, as its majors after 3.21 declare it: names are views, results are not to be dropped, and
// nothing is there that has been deprecated. To be compiled against, not to be run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {

class Descriptor;

class MessageLite {
 public:
  virtual ~MessageLite() = default;
  [[nodiscard]] std::string_view GetTypeName() const;
  [[nodiscard]] bool IsInitialized() const;
  [[nodiscard]] std::string InitializationErrorString() const;
  [[nodiscard]] bool ParsePartialFromArray(const void* data, int size);
  [[nodiscard]] std::size_t ByteSizeLong() const;
  std::uint8_t* SerializeWithCachedSizesToArray(std::uint8_t* target) const;
};

class Message : public MessageLite {
 public:
  [[nodiscard]] Message* New() const;
  [[nodiscard]] const Descriptor* GetDescriptor() const;
};

class MessageFactory {
 public:
  virtual ~MessageFactory() = default;
  [[nodiscard]] virtual const Message* GetPrototype(const Descriptor* type) = 0;
  [[nodiscard]] static MessageFactory* generated_factory();
};

}  // namespace google::protobuf
