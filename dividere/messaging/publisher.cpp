#include "publisher.hpp"

#include <google/protobuf/message.h>

#include <chrono>
#include <set>

#include "../connection/detail/access.hpp"
#include "../core/detail/random.hpp"
#include "../core/detail/tracing.hpp"
#include "detail/call_fields.hpp"
#include "detail/codec.hpp"
#include "detail/filter_hints.hpp"
#include "detail/keeping.hpp"
#include "detail/peer_list.hpp"
#include "detail/series.hpp"
#include "detail/teller.hpp"

namespace dividere::detail {

constexpr std::string_view kPublisher = "messaging::Publisher";

/// What a publisher puts into envelopes beside the message. As the Publisher, one thread at a time.
struct Numbering {
  const std::uint32_t publisher = randomNumber();
  SeriesNumbers numbers;
  std::string room;  // for a series that is put together
  FilterHints hints;
  std::shared_ptr<Keeping> keeping;          // null if nothing is kept
  std::set<std::string, std::less<>> types;  // that the teller knows
  std::shared_ptr<Teller> teller;            // null if nothing is described
  bool stamps = false;

  // The class of the last message without a topic, and its counter: probably the next one's, too. Not where messages are kept,
  // as more is said in them.
  MessageClass recentClass = nullptr;
  std::uint64_t* recent = nullptr;

  void putAtHand(const google::protobuf::Message& message, std::uint64_t& counter) {
    if (!knownHead(message)) return;  // its class may stand for several types
    recentClass = messageClassOf(message);
    recent = &counter;
  }

  std::uint64_t* counterAtHand(const google::protobuf::Message& message, const messaging::Topic& topic) const {
    return recentClass == messageClassOf(message) && topic.empty() ? recent : nullptr;
  }

  std::int64_t stamp() const {
    if (!stamps && !(teller && teller->isStampWanted())) return 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }
};

/// The first message of a series was sent.
static void noteType(Numbering& numbering, Audience& audience, const google::protobuf::Message& message) {
  if (!numbering.teller || !numbering.types.emplace(typeOf(message)).second) return;
  const auto lock = audience.enter();
  numbering.teller->add(*message.GetDescriptor());
}

/// While it lives, a message is about to be sent that is to be kept.
class Prepared {
 public:
  explicit Prepared(Keeping* keeping) : keeping_(keeping) {}
  ~Prepared() {
    if (keeping_) keeping_->discard();
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

 private:
  Keeping* const keeping_;
};

}  // namespace dividere::detail

namespace dividere::messaging {

Publisher::Publisher(const std::string& endpoint, const connection::SocketOptions& options)
    : Socket(connection::Publisher(endpoint, options)), numbering_(std::make_unique<detail::Numbering>()) {
  const auto teller = std::make_shared<detail::Teller>(detail::Access::socketOf(connection_));
  if (!teller->isOn()) return;
  numbering_->teller = teller;
  detail::Access::audienceOf(connection_).setTeller(teller);
}

Publisher::Publisher(const std::string& endpoint, const PublisherOptions& options)
    : Publisher(endpoint, options.socket) {
  numbering_->stamps = options.stamp;
  if (options.keep == 0) return;
  numbering_->keeping = std::make_shared<detail::Keeping>(
      numbering_->publisher, detail::KeptMessages::Limits{options.keep, options.keepBytes, options.keepSeries},
      options.socket.sendQueue, options.keepForAll);
  detail::Access::audienceOf(connection_).setAttendant(numbering_->keeping);
}

Publisher::Publisher(Publisher&&) noexcept = default;
Publisher& Publisher::operator=(Publisher&&) noexcept = default;
Publisher::~Publisher() = default;

void Publisher::send(const google::protobuf::Message& message) { send(message, Topic(), nullptr); }

void Publisher::send(const google::protobuf::Message& message, const Topic& topic) { send(message, topic, nullptr); }

bool Publisher::send(const google::protobuf::Message& message, Timeout timeout) {
  return send(message, Topic(), &timeout);
}

bool Publisher::send(const google::protobuf::Message& message, const Topic& topic, Timeout timeout) {
  return send(message, topic, &timeout);
}

bool Publisher::send(const google::protobuf::Message& message, const Topic& topic, const Timeout* timeout) {
  detail::Access::socketOf(connection_);  // throws if it was moved from
  std::uint64_t* const last = numbering_->counterAtHand(message, topic);
  if (!last || detail::isTracing()) return sendInSeries(message, topic, timeout);
  const detail::PublicationTail tail(*last + 1, numbering_->publisher, numbering_->stamp());
  detail::Frame frame = detail::encodeFrame(detail::kPublisher, message, {{}, tail.bytes()});
  return sendNumbered(message, *last, frame, timeout);
}

/// With the series looked up, and whatever else a message may say.
bool Publisher::sendInSeries(const google::protobuf::Message& message, const Topic& topic, const Timeout* timeout) {
  const std::string topicFields = topic.empty() ? std::string() : detail::topicFields(detail::kPublisher, topic);
  detail::Keeping* const keeping = numbering_->keeping.get();
  const std::string_view series = detail::seriesOf(message, topicFields, numbering_->room);
  std::uint64_t& last = numbering_->numbers.last(series);
  const detail::PublicationTail tail(last + 1, numbering_->publisher, numbering_->stamp(),
                                     keeping ? keeping->count(series) : 0);
  std::string whole(tail.bytes());
  whole += detail::traceField();
  detail::Frame frame = detail::encodeFrame(detail::kPublisher, message, {topicFields, whole});
  const detail::Prepared prepared(keeping);
  if (keeping) keeping->prepare(series, last + 1, frame.share());
  if (!keeping && topic.empty()) numbering_->putAtHand(message, last);
  return sendNumbered(message, last, frame, timeout);
}

bool Publisher::sendNumbered(const google::protobuf::Message& message, std::uint64_t& last, detail::Frame& frame,
                             const Timeout* timeout) {
  if (!detail::Access::send(connection_, frame, timeout)) return false;
  if (++last == 1) detail::noteType(*numbering_, detail::Access::audienceOf(connection_), message);
  numbering_->hints.sent(detail::Access::audienceOf(connection_), message, last == 1);
  return true;
}

std::vector<PeerInfo> Publisher::peers() const {
  connection_.subscribers();  // reads the news; throws if it was moved from
  return detail::peerList(detail::Access::audienceOf(connection_).peers());
}

void Publisher::onPeersChanged(std::function<void(const std::vector<PeerInfo>&)> handler) {
  if (!handler) return onPeersChanged(nullptr);
  detail::Access::socketOf(connection_);
  detail::Audience& audience = detail::Access::audienceOf(connection_);
  // The audience stays where it is while the Publisher is moved, and outlives the calls.
  audience.onChange([&audience, handler = std::move(handler)] { handler(detail::peerList(audience.peers())); });
}

void Publisher::onPeersChanged(std::function<void()> handler) {
  detail::Access::socketOf(connection_);
  detail::Access::audienceOf(connection_).onChange(std::move(handler));
}

}  // namespace dividere::messaging
