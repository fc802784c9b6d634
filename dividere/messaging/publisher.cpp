#include "publisher.hpp"

#include "../connection/detail/access.hpp"
#include "../core/detail/random.hpp"
#include "detail/codec.hpp"
#include "detail/filter_hints.hpp"
#include "detail/series.hpp"

namespace dividere::detail {

constexpr std::string_view kPublisher = "messaging::Publisher";

/// What a publisher puts into envelopes beside the message. As the Publisher, one thread at a time.
struct Numbering {
  const std::uint32_t publisher = randomNumber();
  SeriesNumbers numbers;
  std::string room;  // for a series that is put together
  FilterHints hints;
};

}  // namespace dividere::detail

namespace dividere::messaging {

Publisher::Publisher(const std::string& endpoint, const connection::SocketOptions& options)
    : Socket(connection::Publisher(endpoint, options)), numbering_(std::make_unique<detail::Numbering>()) {}

Publisher::Publisher(const std::string& endpoint, const PublisherOptions& options)
    : Publisher(endpoint, options.socket) {}

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
  const std::string topicFields = topic.empty() ? std::string() : detail::topicFields(detail::kPublisher, topic);
  std::uint64_t& last = numbering_->numbers.last(detail::seriesOf(message, topicFields, numbering_->room));
  const detail::PublicationTail tail(last + 1, numbering_->publisher);
  detail::Frame frame = detail::encodeFrame(detail::kPublisher, message, {topicFields, tail.bytes()});
  const bool isSent = detail::Access::send(connection_, frame, timeout);
  if (!isSent) return false;
  ++last;
  numbering_->hints.sent(detail::Access::audienceOf(connection_), message, last == 1);
  return true;
}

}  // namespace dividere::messaging
