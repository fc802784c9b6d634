#include "timeout_field.hpp"

#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/fields.hpp"

namespace dividere::detail {

constexpr char kVarintGoesOn = '\x80';

static bool goesOn(char byte) { return (byte & kVarintGoesOn) != 0; }

// A varint begins behind the last byte of its tag, which is one without that bit as is its own last one.
static TimeoutField varintThatEnds(std::string_view envelope, std::size_t end) {
  std::size_t begin = end - 1;
  while (goesOn(envelope[begin - 1])) --begin;
  return {begin, end - begin};
}

TimeoutField findTimeout(std::string_view envelope) {
  TimeoutField found;
  FieldReader field(envelope);
  while (field.next()) {
    if (field.number() != kTimeoutField || !field.isVarint()) continue;
    found = varintThatEnds(envelope, envelope.size() - field.rest().size());
  }
  return found;
}

// A varint may be longer than it has to be.
void rewriteTimeout(Frame& envelope, TimeoutField field, std::uint32_t ms) {
  std::uint64_t rest = ms;
  for (std::size_t i = 0; i < field.size; ++i) {
    const bool isLast = i + 1 == field.size;
    envelope.data()[field.begin + i] = static_cast<char>((rest & 0x7F) | (isLast ? 0 : 0x80));
    rest >>= 7;
  }
}

bool isSameRequest(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const TimeoutField its = findTimeout(one), others = findTimeout(other);
  return its.size > 0 && others.size > 0 && one.substr(0, its.begin) == other.substr(0, others.begin) &&
         one.substr(its.begin + its.size) == other.substr(others.begin + others.size);
}

}  // namespace dividere::detail
