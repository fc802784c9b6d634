#pragma once

// All the interface needs of protobuf. Users include their own .pb.h.
namespace google {
namespace protobuf {
class Message;
}
}  // namespace google
