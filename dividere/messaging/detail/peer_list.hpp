#pragma once

// Who is there, in the words of this layer: types and topics for the bytes of subscriptions.

#include <string_view>
#include <vector>

#include "../../connection/detail/census.hpp"
#include "../peer_info.hpp"

namespace dividere::detail {

/// What a subscription to these bytes matches.
messaging::Interest interestIn(std::string_view subscription);

std::vector<messaging::PeerInfo> peerList(const std::vector<KnownPeer>& peers);

}  // namespace dividere::detail
