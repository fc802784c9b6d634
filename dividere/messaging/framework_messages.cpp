#include "framework_messages.hpp"

#include "wire.hpp"

namespace dividere::detail {

/// Reads the fields of `bytes`, of which each framework message has at most three: texts and numbers by field number.
struct FieldTable {
  std::string text[4];
  std::uint64_t number[4] = {};

  bool read(std::string_view bytes) {
    FieldReader field(bytes);
    while (field.next()) {
      if (field.number() > 3) continue;
      const auto at = static_cast<std::size_t>(field.number());
      if (field.isBytes()) text[at] = std::string(field.bytes());
      if (field.isVarint()) number[at] = field.varint();
    }
    return !field.failed();
  }
};

std::string ServiceAt::encode() const { return FieldWriter().text(1, name).text(2, server).number(3, port).take(); }

bool ServiceAt::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  name = fields.text[1];
  server = fields.text[2];
  port = static_cast<std::uint32_t>(fields.number[3]);
  return good;
}

std::string ServiceLookupReq::encode() const { return FieldWriter().text(1, name).take(); }

bool ServiceLookupReq::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  name = fields.text[1];
  return good;
}

std::string Ack::encode() const { return FieldWriter().number(1, ok ? 1 : 0).take(); }

bool Ack::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  ok = fields.number[1] != 0;
  return good;
}

std::string Heartbeat::encode() const { return FieldWriter().text(1, id).take(); }

bool Heartbeat::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  id = fields.text[1];
  return good;
}

std::string DividereError::encode() const { return FieldWriter().number(1, code).text(2, text).take(); }

bool DividereError::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  code = static_cast<std::uint32_t>(fields.number[1]);
  text = fields.text[2];
  return good;
}

}  // namespace dividere::detail
