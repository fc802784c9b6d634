#include "reply_rule.hpp"

#include <google/protobuf/descriptor.h>

#include "../../core/error.hpp"
#include "../../messaging/detail/message_types.hpp"

namespace dividere::detail {

// By name, as a message may be of another pool.
static void requireReturned(const ReplyRule& rule, const char* what, const google::protobuf::Message& message) {
  if (message.GetDescriptor() == rule.returns) return;
  const std::string due(rule.returns->full_name());
  if (typeOf(message) == due) return;
  throw Error(Errc::wrongType, "reactor::Sender: " + std::string(what) + " of '" + std::string(typeOf(message)) +
                                   "', where " + rule.method + " returns '" + due + "'");
}

void ReplyRule::requireReply(const google::protobuf::Message& reply) const {
  if (!isStream) requireReturned(*this, "a reply", reply);
}

void ReplyRule::requirePart(const google::protobuf::Message& part) const {
  if (isStream) requireReturned(*this, "a part", part);
}

}  // namespace dividere::detail
