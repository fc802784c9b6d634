#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace google::protobuf {

class FileDescriptorProto : public Message {};
class DescriptorProto : public Message {};
class EnumDescriptorProto : public Message {};

}  // namespace google::protobuf
