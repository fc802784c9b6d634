// What is published at an endpoint, or by everybody of a name: messages as they come, of any type.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "command.hpp"
#include "envelope.hpp"

namespace tool {

/// Whether that is an endpoint, and not a name in the registry.
bool isEndpoint(const std::string& source);

/// "tcp://host:port" of what is registered.
std::string endpointOf(const dividere::registry::ServiceAddress& address);

/// What is registered under a name or pattern, or the endpoint itself. Throws if nothing is.
std::vector<dividere::registry::ServiceAddress> lookUp(const Common& common, const std::string& source);

/// Subscribes by hand, so that types need not be known. Follows publishers of a name when they come, go and move.
/// Belongs to one thread.
class Feed {
 public:
  struct Item {
    Envelope message;
    std::size_t bytes;  // of the envelope
    std::string endpoint;
    std::string key;  // its publisher's, as the registry vouches
    std::chrono::system_clock::time_point came;
  };

  /// Of these types and below this topic; all of them if there are none. `looksHowOld`: publishers of this library are to stamp
  /// their messages as long as it lives.
  Feed(const Common& common, const std::string& source, const std::vector<std::string>& types,
       const std::vector<std::string>& topic, bool looksHowOld = false);

  /// The next message, or nothing if none came in time, or when ended() was raised.
  std::optional<Item> next(std::chrono::milliseconds timeout);

  /// Messages that were no envelopes so far, as plain ZeroMQ programs send them.
  std::size_t strange() const { return strange_; }

 private:
  struct Change {
    std::string name;
    std::string endpoint;
    std::string key;
    bool isThere;
  };

  struct Source {
    dividere::connection::Subscriber subscriber;
    std::string key;
    std::set<std::string>
        names;  // under which it is registered: a port may have a new owner before the former's is known to be gone
  };

  void connect(const std::string& name, const std::string& endpoint, const std::string& key);
  void disconnect(const std::string& name, const std::string& endpoint);
  void takeChanges();
  std::optional<Item> takeOne();
  bool isWanted(const Envelope& message) const;
  void wait(std::chrono::milliseconds timeout);

  std::vector<std::string> types_, topic_, subscriptions_;
  std::map<std::string, Source> sources_;  // by endpoint
  std::string last_;                       // the endpoint of the message that came last: others go first
  std::size_t strange_ = 0;

  std::mutex mutex_;
  std::vector<Change> changes_;  // told by the watch, in its own thread
  dividere::Interrupt changed_;
  dividere::registry::Watch watch_;  // last: tells nobody any more when the rest goes
};

}  // namespace tool
