#include "type_book.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <mutex>

#include "../../core/detail/fork.hpp"
#include "fields.hpp"

namespace dividere::detail {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

/// 64 bits of FNV-1a. Whoever wants another definition to have the same hash can make one, and misleads himself.
static std::string hashOf(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char each : bytes) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001B3;
  std::string text;
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(hash >> shift & 0xFF);
  return text;
}

/// The definitions of a type and of all that its fields are of, by their names.
class Definitions {
 public:
  explicit Definitions(const Descriptor& type) {
    add(type);
    while (!rest_.empty()) {
      const Descriptor* const next = rest_.back();
      rest_.pop_back();
      for (int i = 0; i < next->field_count(); ++i) addTypeOf(*next->field(i));
    }
  }

  std::string joined() const {
    FieldWriter writer;
    for (const auto& [name, definition] : all_) writer.part(1, name).part(2, definition);
    return writer.take();
  }

 private:
  void add(const Descriptor& type) {
    google::protobuf::DescriptorProto definition;
    const auto added = all_.try_emplace(std::string(type.full_name()));
    if (!added.second) return;
    type.CopyTo(&definition);
    added.first->second = definition.SerializeAsString();
    rest_.push_back(&type);
  }

  void addTypeOf(const google::protobuf::FieldDescriptor& field) {
    if (field.message_type()) add(*field.message_type());
    const google::protobuf::EnumDescriptor* const values = field.enum_type();
    if (!values) return;
    google::protobuf::EnumDescriptorProto definition;
    values->CopyTo(&definition);
    all_[std::string(values->full_name())] = definition.SerializeAsString();
  }

  std::map<std::string, std::string> all_;
  std::vector<const Descriptor*> rest_;
};

void TypeBook::add(const Descriptor& type) {
  if (!hashes_.try_emplace(std::string(type.full_name())).second) return;
  if (type.file()->pool() == google::protobuf::DescriptorPool::generated_pool()) {
    pending_.push_back(&type);
  } else {
    workOut(type);
  }
}

/// The name of an encoded FileDescriptorProto.
static std::string_view nameOfFile(std::string_view file) {
  std::string_view name;
  FieldReader field(file);
  while (field.next()) {
    if (field.number() == 1) field.to(name);
  }
  return name;
}

void TypeBook::add(const Description& told) {
  for (const Description::Type& type : told.types) hashes_.try_emplace(type.name, type.hash);
  FieldReader file(told.descriptors);
  while (file.next()) {
    if (file.number() != 1 || !file.isBytes()) continue;
    if (files_.emplace(nameOfFile(file.bytes())).second) descriptors_ += FieldWriter().part(1, file.bytes()).take();
  }
  if (!descriptors_.empty()) descriptorsHash_ = hashOf(descriptors_);
}

void TypeBook::describe(Description& description, std::string_view knownHash) {
  workOut();
  description.types.reserve(description.types.size() + hashes_.size());
  for (const auto& [name, hash] : hashes_) description.types.push_back({name, hash});
  description.descriptorsHash = descriptorsHash_;
  if (knownHash != descriptorsHash_) description.descriptors = descriptors_;
}

void TypeBook::workOut() {
  for (const Descriptor* type : pending_) workOut(*type);
  pending_.clear();
}

// With fork() held off: protobuf links what a type contains when it is first asked for, and has a lock for that.
void TypeBook::workOut(const Descriptor& type) {
  const std::lock_guard<std::mutex> lock(processMutex());
  hashes_[std::string(type.full_name())] = hashOf(Definitions(type).joined());
  addFile(*type.file());
  descriptorsHash_ = hashOf(descriptors_);
}

/// Behind those it imports. How deep they go, the program's own files say.
void TypeBook::addFile(const FileDescriptor& file) {
  if (!files_.insert(std::string(file.name())).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) addFile(*file.dependency(i));
  google::protobuf::FileDescriptorProto definition;
  file.CopyTo(&definition);
  descriptors_ += FieldWriter().part(1, definition.SerializeAsString()).take();
}

}  // namespace dividere::detail
