#pragma once

// A request, from the moment a Broker has read it to its outcome.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/deadline.hpp"
#include "dialect.hpp"

namespace dividere::detail {

struct BrokerWorker;

struct BrokerRequest {
  std::vector<Frame> route;  // the client's id, and whatever came with it in front of the payload
  Frame payload;
  Dialect dialect = Dialect::bytes;
  std::shared_ptr<const Peer> caller;                                        // null where clients have no keys
  std::string correlation;                                                   // empty if it came without
  std::size_t size = 0;                                                      // bytes of all its frames, as it was read
  Deadline::Clock::time_point since{};                                       // waiting, or at its worker
  Deadline::Clock::time_point expires = Deadline::Clock::time_point::max();  // when its caller's time has passed
  std::uint32_t timeoutMs = 0;  // as it stands in the payload; only if it expires
  std::uint32_t priority = 0;   // the higher, the sooner
  bool isRepeatable = true;     // by another worker, when its own dies with it
  bool partsOnce = false;       // by none, as soon as there was a part
  bool asksFeatures = false;    // its client asks what this broker understands
  bool takesParts = false;      // its client takes parts before the reply
  int attempts = 0;             // times it was given to a worker
  int deaths = 0;               // of workers that had it at hand

  // At a worker only.
  BrokerWorker* worker = nullptr;
  std::string token;        // names this attempt
  bool isAnswered = false;  // the client has its outcome; the worker is not done yet

  // At a worker, and of one whose client takes parts.
  bool hasParts = false;                  // some were passed on
  std::uint32_t credit = kInitialCredit;  // parts that its worker may send
  std::uint32_t owedCredit = 0;           // for more of them, of which the worker is still to be told
  bool owesCancel = false;                // the worker is still to be told that nobody waits
  bool isOwed = false;                    // it stands among those whose workers are still to be told something

  bool mayBeRepeated() const { return isRepeatable && !(partsOnce && hasParts); }

  /// Its worker has it no more.
  void leaveWorker() {
    worker = nullptr;
    hasParts = owesCancel = isOwed = false;
    credit = kInitialCredit;
    owedCredit = 0;
  }

  bool hasExpired(Deadline::Clock::time_point now) const { return expires <= now; }

  std::string_view client() const { return route.front().view(); }

  /// Whether this frame came from who sent the request; true where nobody has keys.
  bool isCaller(const Frame& frame) const { return !caller || caller->key == frame.peerKey(); }
};

}  // namespace dividere::detail
