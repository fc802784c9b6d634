// SPDX-License-Identifier: MIT

#include "fields.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/wrappers.pb.h>

#include "command.hpp"
#include "types.hpp"

namespace tool {

namespace pb = google::protobuf;

static std::string repeatedField(const pb::Message& message, const pb::FieldDescriptor& field) {
  std::string json = "[";
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    std::string item;
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      item = toJson(message.GetReflection()->GetRepeatedMessage(message, &field, i));
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      item = quoted(message.GetReflection()->GetRepeatedString(message, &field, i));
    } else {
      pb::TextFormat::PrintFieldValueToString(message, &field, i, &item);
    }
    json += (i == 0 ? "" : ",") + item;
  }
  return json + "]";
}

static std::string singleField(const pb::Message& message, const pb::FieldDescriptor& field) {
  if (field.is_repeated()) return repeatedField(message, field);
  const auto& reflection = *message.GetReflection();
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) return toJson(reflection.GetMessage(message, &field));
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) return reflection.GetString(message, &field);
  std::string text;
  pb::TextFormat::PrintFieldValueToString(message, &field, -1, &text);
  return text;
}

std::string shownField(const pb::Message& message, const std::string& path) {
  const auto dot = path.find('.');
  const auto name = path.substr(0, dot);
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (!field) throw UsageError(std::string(message.GetDescriptor()->full_name()) + " has no field " + name);
  if (dot == std::string::npos) return singleField(message, *field);
  if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) {
    throw UsageError(std::string(field->full_name()) + " is no message, so it has no field " + path.substr(dot + 1));
  }
  return shownField(message.GetReflection()->GetMessage(message, field), path.substr(dot + 1));
}

std::string quoted(const std::string& text) {
  pb::StringValue value;
  value.set_value(text);
  return toJson(value);
}

}  // namespace tool
