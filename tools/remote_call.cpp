// SPDX-License-Identifier: MIT

#include "remote_call.hpp"

#include <random>

#include "dividere.pb.h"

namespace tool {

using dividere::connection::Dealer;

/// A correlation frame: by it a broker knows retries, and both ends what a cancel or credit is about.
static std::string newId() {
  std::random_device random;
  std::string id("\0div", 4);
  for (int i = 0; i < 12; ++i) id += static_cast<char>(random());
  return id + std::string(7, '\0') + '\1';
}

static dividere::connection::SocketOptions optionsFor(const std::string& key) {
  dividere::connection::SocketOptions options;
  options.hostKey = key;
  options.attach = dividere::connection::Attach::connect;
  return options;
}

RemoteCall::RemoteCall(const std::string& endpoint, const std::string& key)
    : endpoint_(endpoint), dealer_(endpoint, optionsFor(key)), route_{newId(), ""} {}

void RemoteCall::send(const google::protobuf::Message& request, const std::string& method,
                      std::chrono::milliseconds timeout) {
  msgEnvelope fields;
  fields.set_method(method);
  fields.set_timeoutms(static_cast<std::uint32_t>(std::min<std::int64_t>(timeout.count(), UINT32_MAX)));
  fields.set_asksfeatures(true);
  fields.set_takesparts(true);
  dealer_.send(route_, sealEnvelope(request, fields));
}

void RemoteCall::sendAlong(const google::protobuf::Message& message) {
  dealer_.send(route_, sealEnvelope(message), std::chrono::milliseconds(0));
}

/// The payload as a message of that type, or an empty one.
template <class T>
static T contentOf(const Envelope& envelope) {
  T content;
  if (!content.ParseFromString(envelope.payload)) content.Clear();
  return content;
}

bool RemoteCall::isReply(const Envelope& message, const std::function<void(const Envelope&)>& onPart) {
  if (message.type == "Features") {
    features_ = contentOf<Features>(message).features();
    return false;
  }
  if (message.type == "DividereError") {
    const auto error = contentOf<DividereError>(message);
    const auto code = dividere::make_error_code(static_cast<dividere::Errc>(error.code()));
    const auto failure = error.failure() == 0 ? "" : " (failure " + std::to_string(error.failure()) + ")";
    throw dividere::Error(code, endpoint_ + ": " + error.text() + failure);
  }
  if (!message.isPart) return true;
  Credit more;
  more.set_parts(1);
  sendAlong(more);
  onPart(message);
  return false;
}

std::optional<Envelope> RemoteCall::reply(std::chrono::steady_clock::time_point until,
                                          const std::function<void(const Envelope&)>& onPart) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto message = dealer_.recv(left, ended());
    if (ended().isRaised()) {
      if (features_ & 1) sendAlong(CancelCall());
      return std::nullopt;
    }
    if (!message) throw TimedOut(endpoint_ + " has not replied in time");
    if (message->route != route_) continue;
    auto envelope = openEnvelope(message->body);
    if (!envelope) throw std::runtime_error(endpoint_ + " replied with bytes that are no envelope");
    if (isReply(*envelope, onPart)) return envelope;
  }
}

}  // namespace tool
