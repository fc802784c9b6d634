#include "peer_list.hpp"

#include "message_types.hpp"
#include "publication.hpp"

namespace dividere::detail {

messaging::Interest interestIn(std::string_view subscription) {
  if (subscription.empty() || subscription == kEveryEnvelope) return {};
  const std::string_view type = typeOfSeries(subscription);
  std::string_view rest = subscription;
  const bool isWhole = skipOneField(rest) && skipTopic(rest) && rest.empty();
  if (!isWhole || !isTypeName(type)) return {{}, {}, std::string(subscription)};
  return {std::string(type), topicOfSeries(subscription), {}};
}

std::vector<messaging::PeerInfo> peerList(const std::vector<KnownPeer>& peers) {
  std::vector<messaging::PeerInfo> list;
  list.reserve(peers.size());
  for (const KnownPeer& peer : peers) {
    list.push_back({peer.address, peer.since, peer.subscribers, std::nullopt, peer.name, peer.key});
    if (!peer.hasTopics) continue;
    auto& interests = list.back().interests.emplace();
    for (const std::string& topic : peer.topics) interests.push_back(interestIn(topic));
  }
  return list;
}

}  // namespace dividere::detail
