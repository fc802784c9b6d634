#include "keys.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "../core/detail/fork.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/never_destroyed.hpp"
#include "../core/error.hpp"
#include "detail/credentials.hpp"
#include "detail/gate.hpp"
#include "detail/key_folder.hpp"

namespace dividere::detail {

/// What secure() has said, of the whole process and its children.
struct ProcessSecurity {
  std::shared_ptr<Keys> keys;
  bool isDecided = false;  // a socket was made
  std::multimap<const Keys*, std::weak_ptr<Gate>> gates;
};

/// Under processMutex().
static ProcessSecurity& processSecurity() {
  static NeverDestroyed<ProcessSecurity> security;
  return *security;
}

static std::atomic<bool> isOff{false};  // decided, so that nobody needs the lock to learn it

/// A socket that is not secured among others that are.
class NoKeys final : public Keys {
 public:
  Pair self() override { return {}; }
  std::vector<std::string> hosts(const std::vector<std::string>&) override { return {}; }
  std::optional<std::string> nameOf(const std::string&, const std::string&) override { return std::nullopt; }
};

/// What is in force for sockets without keys of their own; null: no security.
static std::shared_ptr<Keys> decidedKeys() {
  if (isOff.load(std::memory_order_acquire)) return nullptr;
  const char* const directory = std::getenv("DIVIDERE_KEYS");
  std::shared_ptr<Keys> fromEnvironment;
  {
    std::lock_guard<std::mutex> lock(processMutex());
    ProcessSecurity& security = processSecurity();
    if (security.isDecided || security.keys || !directory || !*directory) {
      security.isDecided = true;
      isOff.store(!security.keys, std::memory_order_release);
      return security.keys;
    }
  }
  fromEnvironment = Keys::folder(directory);  // throws: then nothing is decided, and no socket was made
  std::lock_guard<std::mutex> lock(processMutex());
  ProcessSecurity& security = processSecurity();
  if (!security.keys) security.keys = std::move(fromEnvironment);
  security.isDecided = true;
  return security.keys;
}

SocketSecurity securityFor(const char* who, const std::shared_ptr<Keys>& own) {
  const auto common = decidedKeys();
  if (!own) return {common};
  const bool isNone = dynamic_cast<const NoKeys*>(own.get()) != nullptr;
  if (!isNone) requireCurve();
  if (isNone && common) {
    log(LogLevel::warning, who, "this socket is not secured, as SocketOptions::keys says, though others are");
  }
  return {isNone ? nullptr : own, isNone == (common != nullptr)};
}

void tellOfChanges(const Keys* keys, const std::shared_ptr<Gate>& gate) {
  std::lock_guard<std::mutex> lock(processMutex());
  auto& gates = processSecurity().gates;
  for (auto it = gates.begin(); it != gates.end();) it = it->second.expired() ? gates.erase(it) : std::next(it);
  gates.emplace(keys, gate);
}

}  // namespace dividere::detail

namespace dividere {

Keys::Keys() = default;

Keys::~Keys() {
  std::lock_guard<std::mutex> lock(detail::processMutex());
  detail::processSecurity().gates.erase(this);
}

void Keys::changed() {
  std::vector<std::shared_ptr<detail::Gate>> gates;
  {
    std::lock_guard<std::mutex> lock(detail::processMutex());
    const auto range = detail::processSecurity().gates.equal_range(this);
    for (auto it = range.first; it != range.second; ++it) {
      if (auto gate = it->second.lock()) gates.push_back(std::move(gate));
    }
  }
  for (const auto& gate : gates) gate->recheck();
}

std::shared_ptr<Keys> Keys::folder(const std::string& directory) {
  return std::make_shared<detail::KeyFolder>(directory);
}

std::shared_ptr<Keys> Keys::none() { return std::make_shared<detail::NoKeys>(); }

void secure(const std::string& directory) { secure(Keys::folder(directory)); }

void secure(std::shared_ptr<Keys> keys) {
  detail::requireCurve();
  if (!keys) throw Error(std::make_error_code(std::errc::invalid_argument), "dividere::secure: there are no keys");
  std::lock_guard<std::mutex> lock(detail::processMutex());
  auto& security = detail::processSecurity();
  if (security.isDecided) {
    throw Error(Errc::outOfTurn, "dividere::secure: there are sockets already, which are not secured so");
  }
  security.keys.swap(keys);  // the former ones end without the lock
}

}  // namespace dividere
