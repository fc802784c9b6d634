#pragma once

// Message types, and the files that define them, in a form that another program can build them from.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../describe.hpp"

namespace google::protobuf {
class Descriptor;
class FileDescriptor;
}  // namespace google::protobuf

namespace dividere::detail {

/// Collects types, and works out what there is to say of them when somebody asks, once. One thread at a time.
class TypeBook {
 public:
  /// Does nothing for one that is there. Of a pool that may go, it is worked out at once.
  void add(const google::protobuf::Descriptor& type);

  /// Those that another program has told of itself, with their files: types and files whose names are there stay as they are.
  void add(const Description& told);

  /// Adds the types, and a hash of the files that define them; the files too, unless whoever asks has those of this hash.
  void describe(Description& description, std::string_view knownHash);

 private:
  void workOut();
  void workOut(const google::protobuf::Descriptor& type);
  void addFile(const google::protobuf::FileDescriptor& file);

  std::map<std::string, std::string, std::less<>> hashes_;  // of types, by their full names; empty: not yet worked out
  std::vector<const google::protobuf::Descriptor*>
      pending_;                               // whose files are not; of the generated pool, which never goes
  std::set<std::string, std::less<>> files_;  // those that are in descriptors_
  std::string descriptors_;                   // a FileDescriptorSet
  std::string descriptorsHash_;
};

}  // namespace dividere::detail
