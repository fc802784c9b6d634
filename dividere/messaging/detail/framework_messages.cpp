#include "framework_messages.hpp"

#include "wire.hpp"

namespace dividere::detail {

// Fields that the Python package does not know have numbers from here on (WIRE.md).
constexpr int kAdded = 100;

/// Reads the fields of `bytes`, of which each framework message has at most three, and two that were added: texts and
/// numbers by field number.
struct FieldTable {
  std::string text[4];
  std::uint64_t number[4] = {};
  std::uint64_t addedNumber[2] = {};
  std::vector<std::string_view> addedParts;

  bool read(std::string_view bytes) {
    FieldReader field(bytes);
    while (field.next()) {
      const auto at = static_cast<std::size_t>(field.number());
      if (at <= 3) {
        if (field.isBytes()) text[at] = std::string(field.bytes());
        if (field.isVarint()) number[at] = field.varint();
      } else if (field.number() == kAdded || field.number() == kAdded + 1) {
        if (field.isBytes() && field.number() == kAdded) addedParts.push_back(field.bytes());
        if (field.isVarint()) addedNumber[at - kAdded] = field.varint();
      }
    }
    return !field.failed();
  }

  void fill(ServiceAt& service) const {
    service.name = text[1];
    service.server = text[2];
    service.port = static_cast<std::uint32_t>(number[3]);
  }
};

FieldWriter writeServiceAt(const ServiceAt& service) {
  FieldWriter writer;
  writer.text(1, service.name).text(2, service.server).number(3, service.port);
  return writer;
}

std::string ServiceAt::encode() const { return writeServiceAt(*this).take(); }

bool ServiceAt::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  fields.fill(*this);
  return good;
}

std::string RegisterService::encode() const {
  return writeServiceAt(*this).number(kAdded, leaseMs).number(kAdded + 1, instance ? 1 : 0).take();
}

bool RegisterService::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  fields.fill(*this);
  leaseMs = static_cast<std::uint32_t>(fields.addedNumber[0]);
  instance = fields.addedNumber[1] != 0;
  return good;
}

std::string ServiceLookupRep::encode() const {
  FieldWriter writer = writeServiceAt(*this);
  for (const Instance& each : instances)
    writer.part(kAdded, FieldWriter().text(1, each.server).number(2, each.port).take());
  return writer.take();
}

bool ServiceLookupRep::decode(std::string_view bytes) {
  FieldTable fields;
  bool good = fields.read(bytes);
  fields.fill(*this);
  instances.clear();
  for (const std::string_view part : fields.addedParts) {
    FieldTable instance;
    good = instance.read(part) && good;
    instances.push_back({instance.text[1], static_cast<std::uint32_t>(instance.number[2])});
  }
  return good;
}

std::string ServiceLookupReq::encode() const { return FieldWriter().text(1, name).number(kAdded, all ? 1 : 0).take(); }

bool ServiceLookupReq::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  name = fields.text[1];
  all = fields.addedNumber[0] != 0;
  return good;
}

std::string Ack::encode() const { return FieldWriter().number(1, ok ? 1 : 0).number(kAdded, leases ? 1 : 0).take(); }

bool Ack::decode(std::string_view bytes) {
  FieldTable fields;
  const bool good = fields.read(bytes);
  ok = fields.number[1] != 0;
  leases = fields.addedNumber[0] != 0;
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
