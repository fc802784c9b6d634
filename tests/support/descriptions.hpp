#pragma once

#include <dividere.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eventually.hpp"

namespace support {

inline std::vector<std::string> typeNames(const dividere::Description& description) {
  std::vector<std::string> names;
  for (const auto& type : description.types) names.push_back(type.name);
  return names;
}

/// As "name(input) -> output", with "stream" before the output where it is one.
inline std::vector<std::string> methods(const dividere::Description& description) {
  std::vector<std::string> texts;
  for (const auto& each : description.methods) {
    texts.push_back(each.name + "(" + each.input + ") -> " + (each.stream ? "stream " : "") + each.output);
  }
  return texts;
}

/// Of the first one of this name; the greatest number there is if none has it.
inline std::uint64_t statistic(const dividere::Description& description, const std::string& name) {
  for (const auto& each : description.statistics) {
    if (each.name == name) return each.value;
  }
  return UINT64_MAX;
}

/// What is told there as soon as it is so. Nobody is asked too often for long.
template <class Condition>
std::optional<dividere::Description> describedWhen(const std::string& endpoint, const Condition& isSo,
                                                   const dividere::DescribeOptions& options = {}) {
  std::optional<dividere::Description> told;
  const bool came = eventually([&] {
    try {
      told = dividere::describe(endpoint, kLimit, options);
    } catch (const dividere::Error& error) {
      if (error.code() != dividere::Errc::overloaded) throw;
      return false;
    }
    return told && isSo(*told);
  });
  return came ? told : std::nullopt;
}

/// The types that a description brings along, made of nothing else.
class Built {
 public:
  explicit Built(const dividere::Description& description) {
    google::protobuf::FileDescriptorSet files;
    if (!files.ParseFromString(description.descriptors)) throw std::runtime_error("no files");
    for (const auto& file : files.file()) {
      if (!pool_.BuildFile(file)) throw std::runtime_error("not built: " + file.name());
      names_.push_back(file.name());
    }
  }

  const std::vector<std::string>& fileNames() const { return names_; }

  /// Null if it is not among them.
  std::unique_ptr<google::protobuf::Message> make(const std::string& type) const {
    const auto* descriptor = pool_.FindMessageTypeByName(type);
    return std::unique_ptr<google::protobuf::Message>(descriptor ? factory_.GetPrototype(descriptor)->New() : nullptr);
  }

  std::string textOf(const std::string& type, const std::string& bytes) const {
    const auto message = make(type);
    if (!message || !message->ParseFromString(bytes)) throw std::runtime_error("not read: " + type);
    std::string text;  // not DebugString(), which hides values from protobuf 30 on
    if (!google::protobuf::TextFormat::PrintToString(*message, &text)) throw std::runtime_error("not printed");
    return text;
  }

 private:
  google::protobuf::DescriptorPool pool_;
  mutable google::protobuf::DynamicMessageFactory factory_{&pool_};
  std::vector<std::string> names_;
};

}  // namespace support
