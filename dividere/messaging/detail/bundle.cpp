#include "bundle.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace dividere::detail {

Frame refusedBundle(const Publication& bundle) {
  std::string bytes(bundle.series.substr(0, kLongestSeries));
  if (bundle.series.size() > kLongestSeries) bytes.clear();
  return Frame(std::string_view(bytes.append(kBundleTag).append(1, '\0')));
}

void Bundle::open(Frame&& envelope) {
  envelope_ = std::move(envelope);
  next_ = {};
  const std::string_view bytes = envelope_.view();
  if (!readPublication(bytes, next_) || !next_.isBundle) return skip();
  rest_ = bytes.substr(static_cast<std::size_t>(next_.series.data() + next_.series.size() - bytes.data()));
  const std::string_view type = typeOfSeries(next_.series);
  const std::string name = envelopePrefix(type);
  if (!head_ || head_->name != name) head_.emplace(type);
}

/// With its tag, as it stands there.
std::string_view Bundle::nextField() const {
  std::string_view behind = rest_;
  if (!skipMsg(behind)) {
    behind = rest_;
    skipBundled(behind);
  }
  return rest_.substr(0, rest_.size() - behind.size());
}

Frame Bundle::next() {
  const std::string_view field = nextField();
  const bool isMsg = !field.empty() && field.front() == kSecondTag;
  if (!isMsg) {
    FieldReader reader(field);
    reader.next();
    return nextOf(reader.bytes());
  }
  const PublicationTail tail(next_.sequence, next_.publisher, next_.sentNs);
  Frame frame(next_.series.size() + field.size() + tail.bytes().size());
  char* to = frame.data();
  for (const std::string_view part : {next_.series, field, tail.bytes()}) {
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return frame;
}

Frame Bundle::nextOf(std::string_view payload) {
  const PublicationTail tail(next_.sequence, next_.publisher, next_.sentNs);
  const std::string_view type = typeOfSeries(next_.series);
  const auto topic = static_cast<std::size_t>(type.data() + type.size() - next_.series.data());
  const EnvelopeLayout layout(*head_, payload.size(), {next_.series.substr(topic), tail.bytes()});
  Frame frame(layout.size());
  std::uint8_t* to = layout.writeHead(reinterpret_cast<std::uint8_t*>(frame.data()));
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
  layout.writeTail(to + payload.size());
  return frame;
}

void Bundle::skip() {
  if (next_.count > 1) {
    rest_.remove_prefix(nextField().size());
    ++next_.sequence;
    --next_.count;
  } else {
    next_ = none();
    rest_ = {};
    envelope_ = Frame();
  }
}

}  // namespace dividere::detail
