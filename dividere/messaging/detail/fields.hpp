#pragma once

// Reading and writing protobuf's wire format where generated code would pin a protobuf version: the envelope and the
// framework's own messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dividere::detail {

/// The fields of a serialized message, one after the other.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  /// Goes to the next field; false at the end, or where the bytes are no protobuf message (then failed()).
  bool next();

  int number() const { return number_; }
  bool isBytes() const { return isBytes_; }
  bool isVarint() const { return isVarint_; }
  bool isFixed32() const { return isFixed32_; }
  bool isFixed64() const { return isFixed64_; }
  std::string_view bytes() const { return bytes_; }   ///< of a length-delimited field
  std::uint64_t varint() const { return varint_; }    ///< of a varint field
  std::uint32_t fixed32() const { return fixed32_; }  ///< of a fixed32 field
  std::uint64_t fixed64() const { return fixed64_; }  ///< of a fixed64 field
  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }  ///< what is behind the field

  // The field's value, if it is of this kind: else `value` stays as it is.
  void to(std::string& value) const {
    if (isBytes_) value = bytes_;
  }
  void to(std::string_view& value) const {
    if (isBytes_) value = bytes_;
  }
  void to(std::uint32_t& value) const {
    if (isVarint_) value = static_cast<std::uint32_t>(varint_);
  }
  void to(std::int32_t& value) const {
    if (isVarint_) value = static_cast<std::int32_t>(varint_);
  }
  void to(std::uint64_t& value) const {
    if (isVarint_) value = varint_;
  }
  void to(bool& value) const {
    if (isVarint_) value = varint_ != 0;
  }

 private:
  bool fail();
  bool readValue(std::uint32_t tag);
  bool skip(std::uint32_t tag, int depth);

  std::string_view rest_;
  int number_ = 0;
  bool isBytes_ = false;
  bool isVarint_ = false;
  bool isFixed32_ = false;
  bool isFixed64_ = false;
  bool failed_ = false;
  std::string_view bytes_;
  std::uint64_t varint_ = 0;
  std::uint32_t fixed32_ = 0;
  std::uint64_t fixed64_ = 0;
};

/// Builds a message field by field, leaving out what has its default value, as proto3 does.
class FieldWriter {
 public:
  FieldWriter& text(int field, std::string_view value);
  FieldWriter& number(int field, std::uint64_t value);

  /// One element of a repeated message: written though it be empty.
  FieldWriter& part(int field, std::string_view message);
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// As readVarint(), for more than one byte.
bool readLongVarint(std::string_view& bytes, std::uint64_t& value);

/// Takes a fixed32 off the front of the bytes; false if there is none.
inline bool readFixed32(std::string_view& bytes, std::uint32_t& value) {
  if (bytes.size() < 4) return false;
  value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  bytes.remove_prefix(4);
  return true;
}

/// The same of a fixed64.
inline bool readFixed64(std::string_view& bytes, std::uint64_t& value) {
  std::uint32_t low, high;
  if (bytes.size() < 8 || !readFixed32(bytes, low) || !readFixed32(bytes, high)) return false;
  value = std::uint64_t{high} << 32 | low;
  return true;
}

/// Takes a varint off the front of the bytes; false if there is none. By hand: protobuf's reader takes longer to set up than
/// to read.
inline bool readVarint(std::string_view& bytes, std::uint64_t& value) {
  if (bytes.empty() || static_cast<unsigned char>(bytes.front()) >= 0x80) return readLongVarint(bytes, value);
  value = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return true;
}

}  // namespace dividere::detail
