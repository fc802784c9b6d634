#include "fields.hpp"

#include <google/protobuf/io/coded_stream.h>

namespace dividere::detail {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

constexpr int kDeepest = 100;  // groups within groups: protobuf's own limit

[[gnu::noinline]] bool readLongVarint(std::string_view& bytes, std::uint64_t& value) {
  constexpr std::size_t kLongest = 10;
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kLongest; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << 7 * i;
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return true;
  }
  return false;
}

static bool readTag(std::string_view& bytes, std::uint32_t& tag) {
  std::uint64_t value;
  if (!readVarint(bytes, value) || value > UINT32_MAX || value >> 3 == 0) return false;
  tag = static_cast<std::uint32_t>(value);
  return true;
}

static bool skipBytes(std::string_view& bytes, std::uint64_t count) {
  if (count > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(count));
  return true;
}

bool FieldReader::fail() {
  failed_ = true;
  return false;
}

bool FieldReader::next() {
  if (failed_ || rest_.empty()) return false;
  std::uint32_t tag;
  if (!readTag(rest_, tag)) return fail();
  number_ = static_cast<int>(tag >> 3);
  isVarint_ = (tag & 7) == kVarint;
  isBytes_ = (tag & 7) == kBytes;
  isFixed32_ = (tag & 7) == kFixed32;
  isFixed64_ = (tag & 7) == kFixed64;
  return readValue(tag) || fail();
}

bool FieldReader::readValue(std::uint32_t tag) {
  switch (tag & 7) {
    case kVarint: return readVarint(rest_, varint_);
    case kFixed32: return readFixed32(rest_, fixed32_);
    case kFixed64: return readFixed64(rest_, fixed64_);
    case kBytes: break;
    default: return skip(tag, 0);
  }
  std::uint64_t size;
  if (!readVarint(rest_, size)) return false;
  bytes_ = rest_.substr(0, static_cast<std::size_t>(size));
  return skipBytes(rest_, size);
}

bool FieldReader::skip(std::uint32_t tag, int depth) {
  std::uint64_t value;
  switch (tag & 7) {
    case kVarint: return readVarint(rest_, value);
    case kFixed64: return skipBytes(rest_, 8);
    case kFixed32: return skipBytes(rest_, 4);
    case kBytes: return readVarint(rest_, value) && skipBytes(rest_, value);
    case kGroup: break;
    default: return false;
  }
  for (std::uint32_t inner; depth < kDeepest && readTag(rest_, inner);) {
    if ((inner & 7) == kGroupEnd) return inner >> 3 == tag >> 3;
    if (!skip(inner, depth + 1)) return false;
  }
  return false;
}

static void appendVarint(std::string& bytes, std::uint64_t value) {
  std::uint8_t buffer[10];
  const std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, buffer);
  bytes.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(end - buffer));
}

FieldWriter& FieldWriter::text(int field, std::string_view value) { return value.empty() ? *this : part(field, value); }

FieldWriter& FieldWriter::part(int field, std::string_view message) {
  appendVarint(bytes_, static_cast<std::uint64_t>(field) << 3 | kBytes);
  appendVarint(bytes_, message.size());
  bytes_ += message;
  return *this;
}

FieldWriter& FieldWriter::number(int field, std::uint64_t value) {
  if (value == 0) return *this;
  appendVarint(bytes_, static_cast<std::uint64_t>(field) << 3 | kVarint);
  appendVarint(bytes_, value);
  return *this;
}

}  // namespace dividere::detail
