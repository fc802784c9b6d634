#include "announcer.hpp"

#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

// When the Python package's registry asks services to register again: it gives them time to connect.
constexpr std::chrono::milliseconds kFirstAnnouncement{1000};
// At most one announcement in this time, however many come to listen.
constexpr std::chrono::milliseconds kBetweenAnnouncements{250};

Announcer::Announcer(ReactorLoop& loop, const std::string& endpoint, const connection::SocketOptions& options)
    : publisher_(endpoint, options), alarm_(loop, [this] { announce(); }) {}

void Announcer::start() { alarm_.set(Alarm::Clock::now() + kFirstAnnouncement); }

void Announcer::look() {
  const std::uint64_t arrivals = publisher_.arrivals();
  if (arrivals > known_) alarm_.set(last_ + kBetweenAnnouncements);
  known_ = arrivals;
}

void Announcer::announce() {
  last_ = Alarm::Clock::now();
  publisher_.send(sealEnvelope(RediscoverReq::kType, RediscoverReq().encode()));
}

}  // namespace dividere::detail
