#include "call_fields.hpp"

#include "../../core/detail/tracing.hpp"
#include "fields.hpp"

namespace dividere::detail {

enum CallField : int {
  kTraceField = 103,
  kMethodField = 105,
  kPriorityField = 106,
  kPartField = 108,
  kMorePartsField = 110,
  kAsksFeaturesField = 112,
  kTakesPartsField = 113,
  kNotRepeatableField = 114,
  kPartsOnceField = 118,
};

std::string CallFields::serialized() const {
  return FieldWriter()
      .text(kTraceField, trace)
      .number(kTimeoutField, timeoutMs)
      .text(kMethodField, method)
      .number(kPriorityField, priority)
      .number(kPartField, part)
      .number(kMorePartsField, more ? 1 : 0)
      .number(kAsksFeaturesField, asksFeatures ? 1 : 0)
      .number(kTakesPartsField, takesParts ? 1 : 0)
      .number(kNotRepeatableField, notRepeatable ? 1 : 0)
      .number(kPartsOnceField, partsOnce ? 1 : 0)
      .take();
}

std::string traceField() {
  const std::string trace = traceOf(nullptr);
  return trace.empty() ? trace : FieldWriter().text(kTraceField, trace).take();
}

static void takeCallField(const FieldReader& field, CallFields& fields) {
  switch (field.number()) {
    case kTraceField: return field.to(fields.trace);
    case kTimeoutField: return field.to(fields.timeoutMs);
    case kMethodField: return field.to(fields.method);
    case kPriorityField: return field.to(fields.priority);
    case kPartField: return field.to(fields.part);
    case kMorePartsField: return field.to(fields.more);
    case kAsksFeaturesField: return field.to(fields.asksFeatures);
    case kTakesPartsField: return field.to(fields.takesParts);
    case kNotRepeatableField: return field.to(fields.notRepeatable);
    case kPartsOnceField: return field.to(fields.partsOnce);
    default: return;
  }
}

bool readCallFields(std::string_view envelope, CallFields& fields) {
  FieldReader field(envelope);
  while (field.next()) takeCallField(field, fields);
  return !field.failed();
}

}  // namespace dividere::detail
