#pragma once

// Who is let in by one socket that binds.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../keys.hpp"

namespace dividere::detail {

/// The rule of one socket. libzmq asks it for each new connection, by way of the Gatekeeper; later it is asked which of those
/// that were let in are so no more. Any thread.
class Gate {
 public:
  /// `who`: "connection::Publisher".
  Gate(std::shared_ptr<Keys> keys, std::string who) : keys_(std::move(keys)), who_(std::move(who)) {}

  const std::shared_ptr<Keys>& keys() const noexcept { return keys_; }

  /// Where it is, for the log and to end connections there.
  void isAt(const std::string& endpoint);

  /// From now on only those of this group; those of others that are in already are cut off.
  void onlyFor(const std::string& group);

  /// The name of the one who comes with this key from this address; nothing: he is refused, and the log says why.
  std::optional<std::string> admit(const std::string& key, const std::string& address);

  /// The rules may have changed: finds those that were let in, and would not be any more.
  void recheck();

  /// Whether there are such.
  bool hasRevoked() const noexcept { return hasRevoked_.load(std::memory_order_acquire); }

  /// Whether this is the key of one.
  bool isRevoked(std::string_view key);

  /// A connection of a key's owner, which ends when the key is revoked: for sockets that send unasked.
  void noteConnection(int descriptor, std::string_view key);

 private:
  std::optional<std::string> nameOf(const std::string& key, const std::string& group, std::string& fault) const;
  void refused(const std::string& key, const std::string& address, const std::string& group, const std::string& fault);
  void findRevoked(const std::map<std::string, bool>& verdicts);

  const ForkGuard fork_;
  const std::shared_ptr<Keys> keys_;
  const std::string who_;
  RateLimit refusals_;
  std::atomic<bool> hasRevoked_{false};

  // Under mutex_, which is not held while Keys or the log are called.
  std::mutex mutex_;
  std::string group_;
  std::string endpoint_;
  std::map<std::string, std::string, std::less<>> admitted_;  // names by their keys
  std::set<std::string, std::less<>> revoked_;                // keys
  std::map<int, std::string> connections_;                    // keys by descriptors
};

}  // namespace dividere::detail
