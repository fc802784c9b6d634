#pragma once

// What a socket connects to, where others say it.

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace dividere::detail {

class Watch;

/// The endpoints that a socket is to be connected to. Any thread changes them; the thread that uses the socket follows, and
/// is woken for that if it waits.
class Destinations {
 public:
  Destinations() = default;
  virtual ~Destinations() = default;
  Destinations(const Destinations&) = delete;
  Destinations& operator=(const Destinations&) = delete;

  // Any thread. One that no socket can be connected to is passed over by the socket, and logged.
  /// `name`: as Credentials::hostKeys().
  void add(const std::string& endpoint, const std::string& name);
  void remove(const std::string& endpoint);

  // The socket's thread.

  /// Wakes this socket from now on.
  void attach(const std::shared_ptr<Watch>& watch);

  /// Whether they have changed since they were taken last. With names.
  bool take(std::map<std::string, std::string>& endpoints);

 private:
  void changed();

  std::mutex mutex_;
  std::map<std::string, std::string> endpoints_;  // under mutex_; with names
  bool isChanged_ = false;                        // under mutex_
  std::shared_ptr<Watch> watch_;                  // under mutex_
};

}  // namespace dividere::detail
