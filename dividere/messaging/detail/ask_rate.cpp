#include "ask_rate.hpp"

#include <algorithm>

namespace dividere::detail {

constexpr double kPeerAtOnce = 20, kPeerASecond = 10;
constexpr double kAllAtOnce = 100, kAllASecond = 50;

// There are never many more: who has not asked for two seconds need not be remembered, and all together ask 50 times a second.
constexpr std::size_t kMostPeers = 300;

static double replies(double left, Deadline::Clock::duration rest, double aSecond, double most) {
  return std::min(most, left + std::chrono::duration<double>(rest).count() * aSecond);
}

bool AskRate::allow(const std::string& peer, Clock::time_point now) {
  const auto known = peers_.find(peer);
  const double own = known == peers_.end()
                         ? kPeerAtOnce
                         : replies(known->second.replies, now - known->second.since, kPeerASecond, kPeerAtOnce);
  const double all = replies(all_.replies, now - all_.since, kAllASecond, kAllAtOnce);
  if (own < 1 || all < 1) return false;
  all_ = {all - 1, now};
  if (peers_.size() >= kMostPeers) forgetRested(now);
  peers_[peer] = {own - 1, now};
  return true;
}

void AskRate::forgetRested(Clock::time_point now) {
  for (auto each = peers_.begin(); each != peers_.end();) {
    const Share& share = each->second;
    const bool isRested = replies(share.replies, now - share.since, kPeerASecond, kPeerAtOnce) >= kPeerAtOnce;
    each = isRested ? peers_.erase(each) : std::next(each);
  }
}

}  // namespace dividere::detail
