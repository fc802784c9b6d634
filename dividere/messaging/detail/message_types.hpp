#pragma once

// What a thread knows of message types: the prototype of each, and how its envelopes begin.

#include <google/protobuf/message.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "envelope_format.hpp"

namespace dividere::detail {

/// The full name of the message's type.
std::string_view typeOf(const google::protobuf::Message& message);

/// Whether a message type may be called so: names of letters, digits and _, with dots between them, and not longer than
/// any that somebody would write. Any bytes may be asked about.
bool isTypeName(std::string_view name);

/// A new message of that type, for somebody who has not asked for it by type; null, and why, if there is none: no such
/// type is linked into the program, or it is one that allowTypes() has to allow.
std::unique_ptr<google::protobuf::Message> newMessage(std::string_view type, std::string_view* whyNot = nullptr);

/// As messaging::allowTypes().
void allowTypes(const std::vector<std::string>& types);

/// What tells the types of messages apart: their class, as long as it stands for one type alone. To be asked for its
/// Descriptor, a message takes longer than the rest of the envelope. And its typeid is null if what protoc made for it
/// was compiled with -fno-rtti. So this is the address of the class's virtual table, with which each of its objects
/// begins.
using MessageClass = const void*;

inline MessageClass messageClassOf(const google::protobuf::Message& message) {
  MessageClass table;
  std::memcpy(&table, static_cast<const void*>(&message), sizeof table);
  return table;
}

/// The class of this thread's last message, and its head.
inline thread_local std::pair<MessageClass, const EnvelopeHead*> lastHead;

/// As knownHead(), whatever the last message was.
const EnvelopeHead* lookUpHead(const google::protobuf::Message& message);

/// The head of the envelopes of a generated class, made once a thread; null for other messages, and as the thread ends.
inline const EnvelopeHead* knownHead(const google::protobuf::Message& message) {
  if (lastHead.first != messageClassOf(message)) {
    const EnvelopeHead* const head = lookUpHead(message);
    if (!head) return nullptr;
    lastHead = {messageClassOf(message), head};
  }
  return lastHead.second;
}

}  // namespace dividere::detail
