#include "describe_topic.hpp"

#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/random.hpp"

namespace dividere::detail {

constexpr std::string_view kAddresseeField("\xEA\x06", 2);
constexpr std::string_view kAsks = "describe";
constexpr std::size_t kNonceSize = 12;  // with it no topic is as long as the address of a Subscriber
constexpr std::size_t kHashSize = 8;

std::string makeDescribeTopic(std::string_view knownHash) {
  std::string content = std::string(kAsks) + randomBytes(kNonceSize);
  if (knownHash.size() == kHashSize) content += knownHash;
  std::string topic(kAddresseeField);
  topic += static_cast<char>(content.size());
  return topic += content;
}

// A Subscriber's id, which says that all its topics are in force, is sent after it.
const std::string& stampTopic() {
  static NeverDestroyed<std::string> topic(
      "\xFF"
      "dividere/delay");
  return *topic;
}

bool readDescribeTopic(std::string_view topic, std::string_view& knownHash) {
  constexpr std::size_t kHead = kAddresseeField.size() + 1;
  if (topic.size() <= kHead || topic.substr(0, kAddresseeField.size()) != kAddresseeField) return false;
  const std::string_view content = topic.substr(kHead);
  if (static_cast<unsigned char>(topic[kHead - 1]) != content.size()) return false;
  if (content.substr(0, kAsks.size()) != kAsks) return false;
  const std::size_t rest = content.size() - kAsks.size();
  if (rest != kNonceSize && rest != kNonceSize + kHashSize) return false;
  knownHash = content.substr(kAsks.size() + kNonceSize);
  return true;
}

}  // namespace dividere::detail
