#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dividere {

/// Who is at the other end, as its key proves. All empty where security is off, and over inproc.
struct Peer {
  std::string name;     ///< of the file that holds its key, without `.key`; as Keys::nameOf() says
  std::string key;      ///< its public key, 40 characters
  std::string address;  ///< its IP address; empty for ipc
};

/// The keys of a program, and who may do what: read from a folder of certificates, or from elsewhere by a class of yours.
///
///     class Vault : public dividere::Keys { ... };
///     dividere::secure(std::make_shared<Vault>());
///
/// A key is text in Z85: 40 characters. The functions are called from any thread, several at once, and must not use sockets. If one
/// throws, the socket is not made, or the peer not let in.
class Keys {
 public:
  struct Pair {
    std::string publicKey, secretKey;
  };

  Keys();
  virtual ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  /// The program's own. Asked again for each endpoint that is bound or connected.
  virtual Pair self() = 0;

  /// The public keys that a host may have. `names` says what is known of it, best first: the service it has, `registry`,
  /// `host:port`, the path of an ipc endpoint. Several keys are tried in turn. None: nothing is connected.
  virtual std::vector<std::string> hosts(const std::vector<std::string>& names) = 0;

  /// The name of whoever has this key, if he may connect to a socket that is for this group; nothing if he is refused. An empty
  /// group is everyone who may connect to this program at all. Asked for each connection, and again by changed().
  virtual std::optional<std::string> nameOf(const std::string& publicKey, const std::string& group) = 0;

  /// Call this when the rules have changed: peers that were let in and are not allowed any more are cut off. New connections
  /// follow the new rules anyway.
  void changed();

  /// The certificates of a directory (doc/security.md). They are read again when they change. Throws Error if they are unsafe or
  /// incomplete; it says what to do.
  static std::shared_ptr<Keys> folder(const std::string& directory);

  /// For SocketOptions::keys: this socket is not secured, though the others are.
  static std::shared_ptr<Keys> none();
};

/// From now on every socket of this process is encrypted and authenticated by CURVE, over tcp and ipc; inproc, which does
/// not leave the process, is as it was. It works in every layer, and in the worker processes of reactors. Nothing falls back
/// to plain: what cannot be secured throws Error, with what to do about it.
///
/// `directory` holds the certificates: doc/security.md tells how to make it, with `dividere keygen`. The environment
/// variable DIVIDERE_KEYS=directory does the same without a change of the program.
///
/// Throws Error{outOfTurn} once a socket was made, std::errc::not_supported if libzmq was built without CURVE, and as
/// Keys::folder(). Any thread.
void secure(const std::string& directory);

/// The same with keys from elsewhere. They are used in forked children, too, and live as long as the process.
void secure(std::shared_ptr<Keys> keys);

}  // namespace dividere
