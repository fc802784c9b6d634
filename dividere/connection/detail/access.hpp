#pragma once

// What the layers above may do with a socket and its user may not.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../core/timeout.hpp"
#include "../connector.hpp"
#include "../dealer.hpp"
#include "../publisher.hpp"
#include "../response.hpp"
#include "../subscriber.hpp"
#include "destinations.hpp"
#include "frame.hpp"
#include "intake.hpp"
#include "newest.hpp"

namespace dividere::detail {

/// The one friend of the public sockets. A time-out that is null has no limit, and an Interrupt that is null never comes. Like them, it throws Error for a socket that
/// was moved from, or made before a fork().
struct Access {
  static Socket& socketOf(const connection::Connector& connector) { return connector.socket(); }

  /// As send(), of ZeroMQ's own buffer: the frame is empty after it, unless false is returned.
  template <class Connection>
  static bool send(Connection& connection, Frame& frame, const Timeout* timeout, const Interrupt* interrupt = nullptr) {
    return connection.sendFrame(frame, timeout, interrupt);
  }
  static bool send(connection::Dealer& dealer, const connection::Route& route, Frame& frame, const Timeout* timeout,
                   const Interrupt* interrupt = nullptr) {
    return dealer.sendFrame(route, frame, timeout, interrupt);
  }

  /// As recv(), but in ZeroMQ's own buffer, which is valid until the next call; null if none came in time. Where the route
  /// is null, it is not wanted.
  template <class Connection>
  static const Frame* receive(Connection& connection, const Timeout* timeout, const Interrupt* interrupt = nullptr) {
    return connection.receiveFrame(timeout, interrupt);
  }
  static const Frame* receive(connection::Dealer& dealer, connection::Route* route, const Timeout* timeout,
                              const Interrupt* interrupt = nullptr) {
    return dealer.receiveFrame(route, timeout, interrupt);
  }

  /// Whether receive() would return a message at once.
  static bool ready(connection::Subscriber& subscriber) { return subscriber.ready(); }

  /// A Subscriber that messages can be sent to alone: those that begin with its address, which begins like this. It connects
  /// to the destinations, if they are not null, in place of the endpoint.
  static connection::Subscriber makeSubscriber(const std::string& endpoint, const std::vector<std::string>& topics,
                                               const connection::SocketOptions& options, std::string_view address,
                                               std::shared_ptr<Destinations> destinations) {
    return connection::Subscriber(endpoint, topics, options, address, std::move(destinations));
  }
  static const std::string& addressOf(const connection::Subscriber& subscriber) { return subscriber.address_; }

  /// When ready() is to be called though nothing has come.
  static Intake::Clock::time_point dueOf(const connection::Subscriber& subscriber) {
    return subscriber.intake_ && !subscriber.newest_ ? subscriber.intake_->due() : Intake::Clock::time_point::max();
  }

  /// Has `intake` look at each message before the user gets it.
  static void setIntake(connection::Subscriber& subscriber, std::unique_ptr<Intake> intake) {
    subscriber.setIntake(std::move(intake));
  }

  /// Of each of its series the user gets the newest message alone, from now on.
  static void keepNewest(connection::Subscriber& subscriber) { subscriber.keepNewest(); }

  /// Null if every message is the user's.
  static Newest* newestOf(const connection::Subscriber& subscriber) { return subscriber.newest_.get(); }

  /// Calls `change`, which may change what the intake knows, while no other thread uses that.
  template <class Change>
  static void exclude(connection::Subscriber& subscriber, const Change& change) {
    if (subscriber.newest_) {
      subscriber.newest_->exclude(change);
    } else {
      change();
    }
  }

  static Intake* intakeOf(const connection::Subscriber& subscriber) { return subscriber.intake(); }

  static Audience& audienceOf(const connection::Publisher& publisher) { return *publisher.audience_; }

  /// The request just received cannot be used: `reply` is sent in place of one when the next request is asked for, unless
  /// send() is called before.
  static void refuse(connection::Response& response, Frame&& reply) { response.refuse(std::move(reply)); }
};

}  // namespace dividere::detail
