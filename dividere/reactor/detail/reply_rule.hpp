#pragma once

// What a method promises to reply with.

#include <string>

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace dividere::detail {

/// One method of a `service` block, as far as its replies go. Any thread.
struct ReplyRule {
  std::string method;                           ///< its full name
  const google::protobuf::Descriptor* returns;  ///< of the generated pool, which never goes
  bool isStream;  ///< what it returns are the parts; the reply behind them may be anything

  /// Throws Error{wrongType} for a reply, or a part, of another type.
  void requireReply(const google::protobuf::Message& reply) const;
  void requirePart(const google::protobuf::Message& part) const;
};

}  // namespace dividere::detail
