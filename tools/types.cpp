// SPDX-License-Identifier: MIT

#include "types.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "command.hpp"

namespace tool {

namespace pb = google::protobuf;

// What protobuf calls with an error: it has another name, and takes views, from version 22 on.
#if GOOGLE_PROTOBUF_VERSION < 4022000
using ErrorText = const std::string&;
#define DIVIDERE_TOOL_ON_ERROR AddError
#else
using ErrorText = absl::string_view;
#define DIVIDERE_TOOL_ON_ERROR RecordError
#endif

/// What protobuf finds wrong with a .proto file.
struct Types::Complaints : pb::compiler::MultiFileErrorCollector {
  void DIVIDERE_TOOL_ON_ERROR(ErrorText file, int line, int column, ErrorText what) override {
    text += (text.empty() ? "" : "\n") + std::string(file) + ":" + std::to_string(line + 1) + ":" +
            std::to_string(column + 1) + ": " + std::string(what);
  }

  std::string text;
};

static std::string folderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

static std::string baseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Types::Types(const std::vector<std::string>& protoFiles) : complaints_(std::make_unique<Complaints>()) {
  for (const auto& path : protoFiles) tree_.MapPath("", folderOf(path));
  tree_.MapPath("", "");
  importer_ = std::make_unique<pb::compiler::Importer>(&tree_, complaints_.get());
  for (const auto& path : protoFiles) {
    const auto* file = importer_->Import(baseName(path));
    if (!file) throw UsageError(complaints_->text);
    files_.push_back(file);
  }
}

Types::~Types() = default;

void Types::add(const std::string& fileDescriptorSet) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromString(fileDescriptorSet)) return;
  for (const auto& file : set.file()) {
    if (told_.FindFileByName(file.name())) continue;
    struct Silent : pb::DescriptorPool::ErrorCollector {
      void DIVIDERE_TOOL_ON_ERROR(ErrorText, ErrorText, const pb::Message*, ErrorLocation, ErrorText) override {}
    } silent;
    if (const auto* built = told_.BuildFileCollectingErrors(file, &silent)) files_.push_back(built);
  }
}

static void addNames(const pb::Descriptor& type, std::vector<const pb::Descriptor*>& all) {
  if (type.options().map_entry()) return;
  all.push_back(&type);
  for (int i = 0; i < type.nested_type_count(); ++i) addNames(*type.nested_type(i), all);
}

static std::vector<const pb::Descriptor*> typesIn(const std::vector<const pb::FileDescriptor*>& files) {
  std::vector<const pb::Descriptor*> all;
  for (const auto* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) addNames(*file->message_type(i), all);
  }
  return all;
}

const pb::Descriptor* Types::find(const std::string& name) const {
  if (const auto* type = importer_->pool()->FindMessageTypeByName(name)) return type;
  if (const auto* type = told_.FindMessageTypeByName(name)) return type;
  if (name.find('.') != std::string::npos) return nullptr;
  const pb::Descriptor* found = nullptr;
  for (const auto* type : typesIn(files_)) {
    if (type->name() != name) continue;
    if (found && found->full_name() != type->full_name()) return nullptr;
    found = type;
  }
  return found;
}

const pb::MethodDescriptor* Types::findMethod(const std::string& name) const {
  const pb::MethodDescriptor* found = nullptr;
  for (const auto* file : files_) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* method = file->service(i)->FindMethodByName(name);
      if (method && found) return nullptr;
      if (method) found = method;
    }
  }
  return found;
}

std::string Types::definitions() const {
  std::string text;
  for (const auto* file : files_) text += "// " + std::string(file->name()) + "\n" + file->DebugString() + "\n";
  return text;
}

std::vector<std::string> Types::names() const {
  std::vector<std::string> names;
  for (const auto* type : typesIn(files_)) names.emplace_back(type->full_name());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

MessagePtr Types::make(const std::string& name) {
  const auto* type = find(name);
  if (!type) {
    throw UsageError("nobody has said what a " + name + " is: --proto FILE reads it from there" +
                     (files_.empty() ? "" : "; known are the types of " + std::to_string(files_.size()) + " files"));
  }
  return MessagePtr(factory_.GetPrototype(type)->New());
}

MessagePtr Types::decode(const Envelope& envelope) {
  const auto* type = find(envelope.type);
  if (!type) return nullptr;
  MessagePtr message(factory_.GetPrototype(type)->New());
  return message->ParseFromString(envelope.payload) ? std::move(message) : nullptr;
}

MessagePtr Types::fromJson(const std::string& type, const std::string& json) {
  auto message = make(type);
  std::string text = json;
  if (json == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  const auto status = pb::util::JsonStringToMessage(text.empty() ? "{}" : text, message.get());
  if (!status.ok()) {
    throw UsageError("that is no " + std::string(message->GetDescriptor()->full_name()) + ": " +
                     std::string(status.message()));
  }
  return message;
}

std::string toJson(const pb::Message& message, bool indent) {
  pb::util::JsonPrintOptions options;
  options.add_whitespace = indent;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = pb::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) throw std::runtime_error("cannot be shown as JSON: " + std::string(status.message()));
  return json;
}

}  // namespace tool
