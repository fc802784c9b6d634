#include "framework_messages.hpp"

#include "fields.hpp"

namespace dividere::detail {

// Fields that the Python package does not know have numbers from 100 on (doc/wire.md).
enum RegisterServiceField { kLeaseField = 100, kInstanceField = 101, kRegisteredTraitsField = 102 };
enum ServiceInstanceField { kInstanceTraitsField = 100, kGoneField = 103 };
enum ServiceLookupReqField {
  kAllField = 100,
  kPatternField = 101,
  kAfterField = 102,
  kSinceField = 103,
  kWaitField = 104
};
enum ServiceLookupRepField {
  kInstancesField = 100,
  kListedField = 101,
  kMoreField = 102,
  kRevisionField = 103,
  kChangesField = 104
};
enum AckField { kLeasesField = 100, kReasonField = 101 };

/// Calls `take` with each field; false if the bytes are no protobuf message.
template <class Take>
static bool readFields(std::string_view bytes, const Take& take) {
  FieldReader field(bytes);
  while (field.next()) take(field);
  return !field.failed();
}

// --- ServiceAt ---

static FieldWriter writeServiceAt(const ServiceAt& service) {
  FieldWriter writer;
  writer.text(1, service.name).text(2, service.server).number(3, service.port);
  return writer;
}

static void takeServiceAt(const FieldReader& field, ServiceAt& service) {
  switch (field.number()) {
    case 1: return field.to(service.name);
    case 2: return field.to(service.server);
    case 3: return field.to(service.port);
    default: return;
  }
}

std::string ServiceAt::encode() const { return writeServiceAt(*this).take(); }

bool ServiceAt::decode(std::string_view bytes) {
  *this = {};
  return readFields(bytes, [this](const FieldReader& field) { takeServiceAt(field, *this); });
}

// --- EndpointTraits: three fields in a row, which are not the same ones everywhere ---

static void writeTraits(const EndpointTraits& traits, int first, FieldWriter& writer) {
  writer.number(first, traits.features).text(first + 1, traits.publicKey).text(first + 2, traits.kind);
}

static void takeTraits(const FieldReader& field, int first, EndpointTraits& traits) {
  switch (field.number() - first) {
    case 0: return field.to(traits.features);
    case 1: return field.to(traits.publicKey);
    case 2: return field.to(traits.kind);
    default: return;
  }
}

// --- RegisterService ---

std::string RegisterService::encode() const {
  FieldWriter writer = writeServiceAt(*this);
  writer.number(kLeaseField, leaseMs).number(kInstanceField, instance ? 1 : 0);
  writeTraits(traits, kRegisteredTraitsField, writer);
  return writer.take();
}

bool RegisterService::decode(std::string_view bytes) {
  *this = {};
  return readFields(bytes, [this](const FieldReader& field) {
    switch (field.number()) {
      case kLeaseField: return field.to(leaseMs);
      case kInstanceField: return field.to(instance);
      default: takeTraits(field, kRegisteredTraitsField, traits); return takeServiceAt(field, *this);
    }
  });
}

// --- ServiceInstance ---

std::string ServiceInstance::encode() const {
  FieldWriter writer;
  writer.text(1, server).number(2, port).text(3, name);
  writeTraits(traits, kInstanceTraitsField, writer);
  return writer.number(kGoneField, gone ? 1 : 0).take();
}

/// Into one that may hold something already, as of a field that comes twice: then the two are one.
static bool mergeInstance(std::string_view bytes, ServiceInstance& instance) {
  return readFields(bytes, [&](const FieldReader& field) {
    switch (field.number()) {
      case 1: return field.to(instance.server);
      case 2: return field.to(instance.port);
      case 3: return field.to(instance.name);
      case kGoneField: return field.to(instance.gone);
      default: return takeTraits(field, kInstanceTraitsField, instance.traits);
    }
  });
}

bool ServiceInstance::decode(std::string_view bytes) {
  *this = {};
  return mergeInstance(bytes, *this);
}

// --- ServiceLookupReq ---

std::string ServiceLookupReq::encode() const {
  FieldWriter writer;
  writer.text(1, name).number(kAllField, all ? 1 : 0).text(kPatternField, pattern).text(kAfterField, after.encode());
  writer.number(kSinceField, since).number(kWaitField, waitMs);
  return writer.take();
}

bool ServiceLookupReq::decode(std::string_view bytes) {
  *this = {};
  bool isAfterGood = true;
  const bool isGood = readFields(bytes, [&](const FieldReader& field) {
    switch (field.number()) {
      case 1: return field.to(name);
      case kAllField: return field.to(all);
      case kPatternField: return field.to(pattern);
      case kSinceField: return field.to(since);
      case kWaitField: return field.to(waitMs);
      case kAfterField: {
        if (field.isBytes()) isAfterGood = mergeInstance(field.bytes(), after) && isAfterGood;
        return;
      }
      default: return;
    }
  });
  return isGood && isAfterGood;
}

// --- ServiceLookupRep ---

std::string ServiceLookupRep::encode() const {
  FieldWriter writer = writeServiceAt(*this);
  for (const ServiceInstance& each : instances) writer.part(kInstancesField, each.encode());
  writer.number(kListedField, isListed ? 1 : 0).number(kMoreField, more ? 1 : 0);
  return writer.number(kRevisionField, revision).number(kChangesField, changes ? 1 : 0).take();
}

bool ServiceLookupRep::decode(std::string_view bytes) {
  *this = {};
  bool areInstancesGood = true;
  const bool isGood = readFields(bytes, [&](const FieldReader& field) {
    switch (field.number()) {
      case kListedField: return field.to(isListed);
      case kMoreField: return field.to(more);
      case kRevisionField: return field.to(revision);
      case kChangesField: return field.to(changes);
      case kInstancesField: {
        if (!field.isBytes()) return;
        instances.emplace_back();
        areInstancesGood = mergeInstance(field.bytes(), instances.back()) && areInstancesGood;
        return;
      }
      default: return takeServiceAt(field, *this);
    }
  });
  return isGood && areInstancesGood;
}

// --- Ack ---

std::string Ack::encode() const {
  return FieldWriter().number(1, ok ? 1 : 0).number(kLeasesField, leases ? 1 : 0).text(kReasonField, reason).take();
}

bool Ack::decode(std::string_view bytes) {
  *this = {};
  return readFields(bytes, [this](const FieldReader& field) {
    switch (field.number()) {
      case 1: return field.to(ok);
      case kLeasesField: return field.to(leases);
      case kReasonField: return field.to(reason);
      default: return;
    }
  });
}

// --- Features, Credit ---

static bool readNumber(std::string_view bytes, std::uint32_t& value) {
  value = 0;
  return readFields(bytes, [&](const FieldReader& field) {
    if (field.number() == 1) field.to(value);
  });
}

std::string Features::encode() const { return FieldWriter().number(1, features).take(); }

bool Features::decode(std::string_view bytes) { return readNumber(bytes, features); }

std::string Credit::encode() const { return FieldWriter().number(1, parts).take(); }

bool Credit::decode(std::string_view bytes) { return readNumber(bytes, parts); }

// --- DividereError ---

// protobuf extends a negative int32 to 64 bits.
std::string DividereError::encode() const {
  const auto wide = static_cast<std::uint64_t>(std::int64_t{failure});
  return FieldWriter().number(1, code).text(2, text).number(3, wide).take();
}

bool DividereError::decode(std::string_view bytes) {
  *this = {};
  return readFields(bytes, [this](const FieldReader& field) {
    switch (field.number()) {
      case 1: return field.to(code);
      case 2: return field.to(text);
      case 3: return field.to(failure);
      default: return;
    }
  });
}

}  // namespace dividere::detail
