#pragma once

// Messages, as both sides are told of them: the type's name and protobuf's text format.

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "messaging/golden.hpp"
#include "peer.hpp"

namespace interop {

struct Sample {
  std::string type;
  std::string text;

  std::unique_ptr<google::protobuf::Message> message() const {
    auto made = makeMessage(type, text);
    if (!made) throw std::runtime_error("no message: " + type + " { " + text + " }");
    return made;
  }

  /// As the last words of what a peer says.
  static Sample of(const Words& words) {
    if (words.size() < 2) throw std::runtime_error("the peer says: " + words[0]);
    return {words[words.size() - 2], words.back()};
  }

  static Sample of(const google::protobuf::Message& message) {
    std::string text;
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    if (!printer.PrintToString(message, &text)) throw std::runtime_error("not printed: " + text);
    return {std::string(message.GetDescriptor()->full_name()), text};
  }
};

/// The same type and the same content, however it is written.
inline bool operator==(const Sample& a, const Sample& b) {
  const auto bytes = [](const Sample& sample) {
    std::string serialized;
    google::protobuf::io::StringOutputStream stream(&serialized);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    if (!sample.message()->SerializeToCodedStream(&out)) throw std::runtime_error("not serialized: " + sample.text);
    out.Trim();
    return serialized;
  };
  return a.type == b.type && bytes(a) == bytes(b);
}

inline std::ostream& operator<<(std::ostream& out, const Sample& sample) {
  return out << sample.type << " { " << sample.text << " }";
}

/// A few of different types.
inline const std::vector<Sample> kSamples = {
    {"Msg01", "field1: 'abcd'"},
    {"Msg02", "field1: 'text' field2: -7"},
    {"Empty01", ""},
    {"Tree", "name: 'root' child { branch: 'deep' } leaf: 7"},
};

}  // namespace interop
