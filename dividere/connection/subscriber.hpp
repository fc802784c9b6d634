#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Deadline;
class Destinations;
class Frame;
class Intake;
class Newest;
class WantedTopics;
}  // namespace dividere::detail

namespace dividere::connection {

/// The receiving half of publish/subscribe. Connects; the Publisher may come later, go, and come back.
///
/// A topic is a prefix of the bytes sent. The empty topic matches everything.
class Subscriber : public Connector {
 public:
  explicit Subscriber(const std::string& endpoint, const std::string& topic = "", const SocketOptions& options = {});

  /// Subscribes to all these topics from the start; to everything if there are none.
  Subscriber(const std::string& endpoint, const std::vector<std::string>& topics, const SocketOptions& options = {});
  Subscriber(const std::string& endpoint, std::initializer_list<std::string> topics, const SocketOptions& options = {});

  Subscriber(Subscriber&&) noexcept;
  Subscriber& operator=(Subscriber&&) noexcept;
  ~Subscriber();

  /// Adds a topic. Does nothing if it is there already. Throws Error{tooLarge} for one of more than 4 KiB, and if all topics
  /// together, with 8 bytes more for each, have more than 4 MiB: each byte costs a Publisher up to 32.
  void subscribe(const std::string& topic);

  /// Removes a topic. Does nothing if it is not there.
  void unsubscribe(const std::string& topic);

  /// The next message, however long it takes. Throws Error{malformed} for one of several frames, which no Publisher
  /// sends, and drops it.
  std::string recv();

  /// The next message, or nothing if none came in time.
  std::optional<std::string> recv(Timeout timeout);

  /// Waits until a message is there; false if none came in time.
  bool wait(Timeout timeout);

  /// As Connector's.
  int descriptor() const;

  /// As recv(timeout) and wait(timeout) at their time-out once this is raised.
  std::optional<std::string> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt);

 private:
  friend struct detail::Access;

  /// `address`, if any, is the beginning of a topic that is this subscriber's alone: 16 random bytes follow it. Where
  /// `destinations` is not null it connects to what that says, and the endpoint is a name only.
  Subscriber(const std::string& endpoint, const std::vector<std::string>& topics, const SocketOptions& options,
             std::string_view address, std::shared_ptr<detail::Destinations> destinations);

  const detail::Frame* receiveFrame(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool awaitMessage(const Timeout& timeout, const Interrupt* interrupt);

  /// Has `intake` look at each message from now on, and leave out those it does not take.
  void setIntake(std::unique_ptr<detail::Intake> intake);
  detail::Intake* intake() const;

  /// Keeps the newest message of each of the intake's series from now on, and no other.
  void keepNewest();
  void endKeeping() noexcept;
  void setSubscription(int option, const std::string& topic);

  /// Whether receiveFrame() would return a message at once.
  bool ready();

  bool isForUser();
  bool keepsOneForUser();
  bool hasOne() const;
  void doWhatIsDue();
  void callAgainWhenDue();
  const detail::Frame* receiveFrame(const detail::Deadline& deadline);
  detail::Deadline untilDue(const detail::Deadline& deadline) const;
  void setOwnTopics(int option);

  detail::Hidden<detail::WantedTopics> topics_;
  detail::Hidden<detail::Intake> intake_;
  std::shared_ptr<detail::Newest> newest_;  // null: every message is the user's
  bool isLookedAt_ = false;                 // the socket keeps a message that the intake takes
  bool takesBundles_ = false;
  std::string id_;       // the topic it is counted by, see census.hpp
  std::string address_;  // the topic of messages for it alone; empty if there is none
};

}  // namespace dividere::connection
