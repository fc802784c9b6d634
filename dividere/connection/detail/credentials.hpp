#pragma once

// What makes a socket a secure one.

#include <memory>
#include <string>
#include <vector>

#include "frame.hpp"
#include "gate.hpp"
#include "native_socket.hpp"

namespace dividere::detail {

class Gatekeeper;

/// The CURVE options of one socket. libzmq takes them when an endpoint is bound or connected: so one socket may do both, and
/// have another host's key for each endpoint. In the thread of the socket.
class Credentials {
 public:
  /// `host`, `hostKey`: as SocketOptions.
  Credentials(NativeSocket& socket, std::shared_ptr<Keys> keys, std::string host, std::string hostKey)
      : socket_(socket), keys_(std::move(keys)), host_(std::move(host)), hostKey_(std::move(hostKey)) {}
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  /// For the next zmq_bind(). Throws Error if there are no keys to do it with.
  void prepareBind();

  /// ... which was this one. Only the log and the end of connections want to know.
  void isBoundTo(const std::string& endpoint) {
    if (gate_) gate_->isAt(endpoint);
  }

  /// The keys that the host at an endpoint may have, one at least. `name`: what it is known by besides, or its key; may be
  /// empty. Throws Error if there is none.
  std::vector<std::string> hostKeys(const std::string& endpoint, const std::string& name) const;

  /// For the next zmq_connect(). Returns the public key that it comes with.
  std::string prepareConnect(const std::string& hostKey);

  /// The public key that the next one would come with.
  std::string ownKey() const;

  /// Who sent a frame that was received by this socket, as far as that is proved. What a peer says of itself does not count: it
  /// may be in a frame's properties, too.
  Peer peerOf(const Frame& frame) const;

  /// Made by the first bind; only there is anybody to let in. Null where the application's ZAP handler does that.
  Gate* gate() const noexcept { return gate_.get(); }

  /// As Gate::onlyFor(), also before the first bind.
  void onlyFor(const std::string& group);

 private:
  void setKey(int option, const std::string& key);
  void makeGate();

  NativeSocket& socket_;
  const std::shared_ptr<Keys> keys_;
  const std::string host_, hostKey_;
  std::string group_;
  std::shared_ptr<Gate> gate_;
  std::shared_ptr<Gatekeeper> gatekeeper_;
  std::string domain_;
};

/// What a socket's security is.
struct SocketSecurity {
  std::shared_ptr<Keys> keys;  // null: none
  bool differs = false;        // from what all the others of the process have, where those have none or this one
};

/// For a socket with these keys of its own, or null. From the first call on secure() comes too late. Throws Error if
/// DIVIDERE_KEYS says something that cannot be.
SocketSecurity securityFor(const char* who, const std::shared_ptr<Keys>& own);

/// Of those that Keys::changed() tells.
void tellOfChanges(const Keys* keys, const std::shared_ptr<Gate>& gate);

}  // namespace dividere::detail
