#pragma once

// A publisher that tells what it is.

#include <atomic>
#include <deque>
#include <string>
#include <string_view>

#include "../../connection/detail/attendant.hpp"
#include "describing.hpp"

namespace dividere::detail {

/// Replies to subscriptions that ask, each by a message that reaches nobody else. All under the Audience's mutex.
class Teller final : public Attendant {
 public:
  explicit Teller(Socket& socket) : describing_(socket, [this](auto& to, auto&) { addSubscribers(to); }) {}

  bool isOn() const { return describing_.isOn(); }

  /// Whether somebody looks how old messages are. Any thread.
  bool isStampWanted() const noexcept { return isStampWanted_.load(std::memory_order_relaxed); }

  /// Messages of this type are sent.
  void add(const google::protobuf::Descriptor& type) { describing_.types().add(type); }

  void subscribed(std::string_view topic, const void* connection) override;
  bool serve(Socket& socket, const Census& census, const std::atomic<bool>& isWanted) override;
  void sent() override {}

 private:
  struct Question {
    std::string address;
    const void* connection;
  };

  void reply(Socket& socket, const Question& question);
  std::string replyTo(const Question& question);
  void addSubscribers(Description& description) const;

  Describing describing_;
  std::deque<Question> questions_;
  const Census* census_ = nullptr;  // while it serves
  std::atomic<bool> isStampWanted_{false};
};

}  // namespace dividere::detail
