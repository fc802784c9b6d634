#pragma once

// Two programs with different definitions of one type.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace dividere::detail {

/// What in a payload contradicts this program's definition of its type, as in "field 3 'pose.yaw' comes as an integer, and is
/// a float here"; empty if nothing is found. A field that the definition lacks is no contradiction: the other program may
/// be newer. Looks at the first 64 fields. `isParsed`: protobuf has taken the payload, so it is no matter of text that is no
/// UTF-8.
std::string contradictionIn(const google::protobuf::Descriptor& type, std::string_view payload, bool isParsed);

/// protobuf passes over a field of another kind than it is defined to be, and leaves it unset: so this looks at a few of the
/// messages that a thread has parsed, and logs what it finds, once a field. `who` names the receiver.
void watchDefinition(std::string_view who, const google::protobuf::Message& message, std::string_view payload);

}  // namespace dividere::detail
