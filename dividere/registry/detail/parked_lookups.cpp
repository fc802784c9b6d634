#include "parked_lookups.hpp"

#include <algorithm>
#include <numeric>

namespace dividere::detail {

constexpr std::size_t kMostParked = 10'000;
constexpr std::size_t kMostParkedOfOne = 2'000;
// A route has the peer's name, the request's id and an empty frame. Whoever puts more in front is not waited with.
constexpr std::size_t kLongestParkedRoute = 256;
constexpr std::chrono::milliseconds kLongestPark{60'000};

static std::size_t bytesOf(const connection::Route& route) {
  return std::accumulate(route.begin(), route.end(), route.size(),
                         [](std::size_t sum, const std::string& frame) { return sum + frame.size(); });
}

bool ParkedLookups::add(const connection::Route& route, const ServiceLookupReq& request, std::string_view asker,
                        Clock::time_point now) {
  if (parked_.size() >= kMostParked || bytesOf(route) > kLongestParkedRoute) return false;
  const auto known = askers_.find(asker);
  if (known != askers_.end() && known->second >= kMostParkedOfOne) return false;
  const auto its = known != askers_.end() ? known : askers_.try_emplace(std::string(asker), 0).first;
  ++its->second;
  const auto waits = std::min(std::chrono::milliseconds(request.waitMs), kLongestPark);
  parked_.push_back({route, request, now + waits, its});
  return true;
}

std::list<ParkedLookups::Parked>::iterator ParkedLookups::forget(std::list<Parked>::iterator parked) {
  if (--parked->asker->second == 0) askers_.erase(parked->asker);
  return parked_.erase(parked);
}

}  // namespace dividere::detail
