// Any frames may arrive at a publisher where subscriptions should. Whatever they are, nobody is counted who did not
// come, and all that is listed is what was asked for. An input is one frame after the other, each behind its length in a byte.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string_view>

#include "dividere/connection/detail/census.hpp"
#include "dividere/messaging/detail/peer_list.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  detail::Census census;
  std::uint64_t frames = 0;
  while (!rest.empty()) {
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest.front()), rest.size() - 1);
    detail::Frame frame(rest.substr(1, length));
    rest.remove_prefix(1 + length);
    ++frames;
    census.observe(frame);
    const auto asked = detail::interestIn(frame.view().substr(std::min<std::size_t>(frame.size(), 1)));
    require(asked.type.empty() || asked.bytes.empty());
    if (frames % 3 == 0) census.settle();
    require(census.arrivals() <= frames);
    require(census.count() <= census.arrivals());
    for (const auto& peer : detail::peerList(census.peers())) {
      require(!peer.interests);  // frames that came by no connection tell of none
    }
  }
  return 0;
}
