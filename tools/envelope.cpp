// SPDX-License-Identifier: MIT

#include "envelope.hpp"

#include <dividere.hpp>

#include "dividere.pb.h"

namespace tool {

static std::string fullName(const std::string& typeUrl) { return typeUrl.substr(typeUrl.rfind('/') + 1); }

std::optional<Envelope> openEnvelope(const std::string& bytes) {
  msgEnvelope wire;
  if (!wire.ParseFromString(bytes) || !wire.has_msg()) return std::nullopt;
  Envelope envelope;
  envelope.type = wire.msg().type_url().empty() ? wire.msgname() : fullName(wire.msg().type_url());
  if (envelope.type.empty()) return std::nullopt;
  envelope.topic.assign(wire.topic().begin(), wire.topic().end());
  envelope.payload = wire.msg().value();
  envelope.number = wire.sequence();
  envelope.publisher = wire.publisher();
  if (wire.sentns() != 0) envelope.sent = std::chrono::nanoseconds(wire.sentns());
  envelope.isPart = wire.part() != 0;
  envelope.isForOthers = !wire.addressee().empty() || wire.again();
  return envelope;
}

std::string sealEnvelope(const google::protobuf::Message& message, msgEnvelope fields) {
  const std::string type(message.GetDescriptor()->full_name());
  fields.set_msgname(type);
  fields.mutable_msg()->set_type_url("type.googleapis.com/" + type);
  fields.mutable_msg()->set_value(message.SerializeAsString());
  return fields.SerializeAsString();
}

std::string shownTopic(const std::vector<std::string>& topic) {
  std::string text;
  for (const auto& segment : topic) text += (text.empty() ? "" : "/") + segment;
  return text;
}

std::vector<std::string> topicOf(std::string_view shown) {
  std::vector<std::string> topic;
  while (!shown.empty()) {
    const auto slash = shown.find('/');
    topic.emplace_back(shown.substr(0, slash));
    shown.remove_prefix(slash == std::string_view::npos ? shown.size() : slash + 1);
  }
  return topic;
}

std::string subscription(const std::string& type, const std::vector<std::string>& topic) {
  if (type.empty()) return "\x0A";
  std::string bytes = dividere::messaging::Subscriber::topicId(type);
  msgEnvelope segments;
  for (const auto& segment : topic) segments.add_topic(segment);
  return bytes + segments.SerializeAsString();
}

}  // namespace tool
