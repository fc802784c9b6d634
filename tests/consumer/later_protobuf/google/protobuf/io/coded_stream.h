#pragma once

#include <cstddef>
#include <cstdint>

namespace google::protobuf::io {

class CodedOutputStream {
 public:
  [[nodiscard]] static std::size_t VarintSize64(std::uint64_t value);
  static std::uint8_t* WriteVarint64ToArray(std::uint64_t value, std::uint8_t* target);
};

}  // namespace google::protobuf::io
