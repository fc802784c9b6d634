#include "handshakes.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace dividere::detail {

constexpr std::chrono::seconds kMisfitHeldBack{1};
constexpr std::chrono::seconds kFirstMisfitPause{60};
constexpr std::chrono::seconds kLongestMisfitPause{3600};

HandshakeFault Handshakes::ended(int descriptor, std::string& peer) {
  const HandshakeFault fault = std::exchange(fault_, HandshakeFault::none);
  const auto found = open_.find(descriptor);
  if (found == open_.end()) return fault;
  const Caller caller = std::move(found->second);
  open_.erase(found);
  if (!caller.peer.empty()) peer = caller.peer;
  const bool isMisfit = fault == HandshakeFault::none && caller.successesBefore == successes_;
  return isMisfit ? HandshakeFault::misfit : fault;
}

static bool areOfOneHost(std::string_view one, std::string_view other) {
  return one.substr(0, one.rfind(':')) == other.substr(0, other.rfind(':'));
}

void Misfits::accepted(const std::string& peer) {
  if (due_ != Clock::time_point::max() && areOfOneHost(peer, peer_)) hasCompany_ = true;
}

void Misfits::succeeded() noexcept {
  if (hasCompany_) due_ = Clock::time_point::max();
  hasCompany_ = false;
}

bool Misfits::refused(const std::string& peer, Clock::time_point now) {
  hasCompany_ = false;
  if (now < again_ || due_ != Clock::time_point::max()) return false;
  peer_ = peer;
  isProlonged_ = false;
  due_ = now + kMisfitHeldBack;
  return true;
}

bool Misfits::told(Clock::time_point now, std::string& peer) {
  if (now < due_) return false;
  const bool isWaitedFor = hasCompany_ && !std::exchange(isProlonged_, true);
  due_ = isWaitedFor ? now + kMisfitHeldBack : Clock::time_point::max();
  if (isWaitedFor) return false;
  if (now > again_ + 2 * pause_) pause_ = kFirstMisfitPause;  // it has been quiet for long
  again_ = now + pause_;
  pause_ = std::min(2 * pause_, kLongestMisfitPause);
  peer = peer_;
  return true;
}

}  // namespace dividere::detail
