#pragma once

// All that the interface needs of protobuf: users bring their own .pb.h.
namespace google {
namespace protobuf {
class Message;
}
}  // namespace google
