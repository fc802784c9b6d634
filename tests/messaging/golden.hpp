#pragma once

// golden.tsv: envelopes as the Python package sends them, each with the message it holds.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

struct Golden {
  std::string type;
  std::string text;      // the message, in protobuf's text format
  std::string envelope;  // bytes
};

inline std::string bytesOfHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

inline std::vector<Golden> readGolden() {
  std::vector<Golden> all;
  std::ifstream file(DIVIDERE_TEST_SOURCE_DIR "/messaging/golden.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    all.push_back(
        {line.substr(0, first), line.substr(first + 1, second - first - 1), bytesOfHex(line.substr(second + 1))});
  }
  return all;
}

/// A message made by protobuf alone, without the library under test; null if the type is not linked.
inline std::unique_ptr<google::protobuf::Message> makeMessage(const std::string& type, const std::string& text) {
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (!descriptor) return nullptr;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  std::unique_ptr<google::protobuf::Message> message(prototype->New());
  if (!google::protobuf::TextFormat::ParseFromString(text, message.get())) return nullptr;
  return message;
}
