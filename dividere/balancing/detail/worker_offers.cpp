#include "worker_offers.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "../../messaging/detail/description_format.hpp"
#include "../../messaging/detail/envelope_format.hpp"

namespace dividere::detail {

// Workers may be anybody's. All of them together stay within what a Description may hold.
constexpr std::size_t kMostOffers = 50;
constexpr std::size_t kMostMethodsOffered = 1000;
constexpr std::size_t kMostTypesOffered = 2 * kMostMethodsOffered;
constexpr std::size_t kLongestOffer = 1024 * 1024;

std::string writeOffer(const HandlerTable& handlers) {
  Description description;
  TypeBook types;
  handlers.describe(description, types);
  description.statistics.clear();
  types.describe(description, {});
  std::string whole = sealEnvelope(kDescriptionType, encodeDescription(description));
  if (whole.size() <= kLongestOffer) return whole;
  description.descriptors.clear();
  description.descriptorsHash.clear();
  return sealEnvelope(kDescriptionType, encodeDescription(description));
}

/// The Description in the envelope, if it is one that is kept.
static bool isOffer(std::string_view bytes, std::string_view& encoded) {
  if (bytes.size() > kLongestOffer) return false;
  try {
    const Envelope envelope = openEnvelope("balancing", bytes);
    if (envelope.type != kDescriptionType) return false;
    encoded = envelope.payload;
  } catch (const Error&) {
    return false;  // no envelope
  }
  Description offered;
  return decodeDescription(encoded, offered) && offered.methods.size() <= kMostMethodsOffered &&
         offered.types.size() <= kMostTypesOffered;
}

std::vector<WorkerOffer> WorkerOffers::held() {
  std::vector<WorkerOffer> held;
  held.reserve(offers_.size());
  for (const auto& each : offers_) {
    if (WorkerOffer offer = each.lock()) held.push_back(std::move(offer));
  }
  offers_.assign(held.begin(), held.end());
  return held;
}

WorkerOffer WorkerOffers::keep(std::string_view envelope) {
  std::string_view encoded;
  if (!isOffer(envelope, encoded)) return nullptr;
  const std::vector<WorkerOffer> all = held();
  const auto same = std::find_if(all.begin(), all.end(), [&](const WorkerOffer& each) { return *each == encoded; });
  if (same != all.end()) return *same;
  if (all.size() == kMostOffers) return nullptr;
  auto offer = std::make_shared<const std::string>(encoded);
  offers_.push_back(offer);
  isNew_ = true;
  return offer;
}

void WorkerOffers::describe(Description& description, TypeBook& types) {
  const std::vector<WorkerOffer> all = held();
  if (isNew_ || all.size() != merged_) merge(all, types);
  isNew_ = false;
  merged_ = all.size();
  description.methods = methods_;
}

void WorkerOffers::merge(const std::vector<WorkerOffer>& offers, TypeBook& types) {
  types = TypeBook();
  methods_.clear();
  std::set<std::pair<std::string, std::string>> known;
  for (const WorkerOffer& offer : offers) {
    Description offered;
    decodeDescription(*offer, offered);
    types.add(offered);
    for (Description::Method& method : offered.methods) {
      if (known.emplace(method.name, method.input).second) methods_.push_back(std::move(method));
    }
  }
}

}  // namespace dividere::detail
