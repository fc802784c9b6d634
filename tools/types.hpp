// Message types that the tool was not compiled with: from .proto files, and from what peers say of themselves.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "envelope.hpp"

namespace tool {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

/// Finds types by name and makes messages of them, which must not outlive it.
class Types {
 public:
  /// Reads these files; imports are looked for beside them and in the working directory. Throws UsageError with what protoc would say.
  explicit Types(const std::vector<std::string>& protoFiles = {});
  ~Types();

  /// Adds what a peer says of itself: a serialized FileDescriptorSet, dependencies first. A file that is there already, or
  /// that does not fit the others, is left out.
  void add(const std::string& fileDescriptorSet);

  /// Null if nobody has told of it. A name without dots also finds the only type whose name ends so: Python sends packaged types
  /// under their last name.
  const google::protobuf::Descriptor* find(const std::string& name) const;

  /// A method of a `service` block, by its name; null if there is none, or more than one.
  const google::protobuf::MethodDescriptor* findMethod(const std::string& name) const;

  /// An empty message. Throws UsageError for a type that is not known, with what helps.
  MessagePtr make(const std::string& name);

  /// From JSON; "-" reads it from stdin. Throws UsageError with what is wrong.
  MessagePtr fromJson(const std::string& type, const std::string& json);

  /// What is in it; null if nobody has told of its type, or it is not of that.
  MessagePtr decode(const Envelope& envelope);

  /// All that is known, as .proto files.
  std::string definitions() const;

  /// Full names of all that is known, by name.
  std::vector<std::string> names() const;

 private:
  struct Complaints;

  google::protobuf::compiler::DiskSourceTree tree_;
  std::unique_ptr<Complaints> complaints_;
  std::unique_ptr<google::protobuf::compiler::Importer> importer_;
  std::vector<const google::protobuf::FileDescriptor*> files_;
  google::protobuf::DescriptorPool told_;
  google::protobuf::DynamicMessageFactory factory_;
};

/// One line, or several with `indent`. Fields without a value are left out.
std::string toJson(const google::protobuf::Message& message, bool indent = false);

}  // namespace tool
