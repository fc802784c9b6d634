#pragma once

// The ZAP handler of a context.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/detail/thread.hpp"
#include "gate.hpp"

namespace dividere::detail {

class KeyFolder;

/// libzmq asks it, at inproc://zeromq.zap.01, whether to let a connection in, and it asks the Gate of the socket in question:
/// each has a ZAP domain of its own. It also sees the folders of keys change. A thread of its own, which starts with the
/// first socket of the context that needs it.
///
/// The replies are 200 and 400 only: at a 300 libzmq's client would hang.
class Gatekeeper {
 public:
  /// Throws Error if the context has another ZAP handler.
  explicit Gatekeeper(void* context);
  ~Gatekeeper() { stop(); }

  /// The ZAP domain for its socket. Any thread.
  std::string add(const std::shared_ptr<Gate>& gate);
  void remove(const std::string& domain);

  /// Nobody is let in any more. Before the context ends, which would wait for it.
  void stop();

 private:
  void run(void* socket);
  void answerAll(void* socket);
  void answer(void* socket, std::vector<std::string>& request);
  std::optional<std::string> judge(const std::vector<std::string>& request, std::string& key);
  std::shared_ptr<Gate> gateOf(const std::string& domain);
  std::vector<std::shared_ptr<KeyFolder>> folders();
  static void watchFolders(const std::vector<std::shared_ptr<KeyFolder>>& folders);

  const ForkGuard fork_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Gate>> gates_;  // under mutex_
  StoppableThread thread_;
};

}  // namespace dividere::detail
