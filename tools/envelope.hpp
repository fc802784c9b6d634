// A typed message as it travels (doc/wire.md), whether the tool knows its type or not.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dividere.pb.h"

namespace tool {

struct Envelope {
  std::string type;  // full name
  std::vector<std::string> topic;
  std::string payload;
  std::uint64_t number = 0;  // 0: its publisher does not number
  std::uint32_t publisher = 0;
  std::optional<std::chrono::nanoseconds> sent;  // Unix time, of publishers that stamp
  bool isPart = false;
  bool isForOthers = false;  // addressed to one subscriber, or sent again for others
};

/// Nothing if these bytes are none.
std::optional<Envelope> openEnvelope(const std::string& bytes);

/// Of a request, with `fields` for what else it says (timeoutMs, method, ...), or of a reply.
std::string sealEnvelope(const google::protobuf::Message& message, msgEnvelope fields = {});

/// "plant/line3"
std::string shownTopic(const std::vector<std::string>& topic);
std::vector<std::string> topicOf(std::string_view shown);

/// The subscription to a type (all of them, if it is empty) and, below it, a topic.
std::string subscription(const std::string& type, const std::vector<std::string>& topic);

}  // namespace tool
