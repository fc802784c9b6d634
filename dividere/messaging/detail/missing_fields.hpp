#pragma once

// Which required fields a message lacks.

#include <google/protobuf/message.h>

#include <string>

namespace dividere::detail {

/// The names of the first few, as in "count, next.count, list[3].id". protobuf's InitializationErrorString() names them all:
/// tens of bytes for each byte of a message that somebody made for that.
std::string missingFields(const google::protobuf::Message& message);

}  // namespace dividere::detail
