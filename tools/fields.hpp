// Fields of messages by their path, and strings as JSON.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace tool {

/// What the field at "a.b" says: a number or a string as it is, a message and what is repeated as JSON. Throws UsageError if there is no
/// such field.
std::string shownField(const google::protobuf::Message& message, const std::string& path);

/// As a JSON string, quotes included.
std::string quoted(const std::string& text);

}  // namespace tool
