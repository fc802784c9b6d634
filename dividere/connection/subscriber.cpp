#include "subscriber.hpp"

#include <set>
#include <utility>

#include "../core/error.hpp"
#include "detail/census.hpp"
#include "detail/intake.hpp"
#include "detail/newest.hpp"
#include "detail/socket.hpp"
#include "detail/subscription_limits.hpp"

namespace dividere::detail {

/// The topics that the user has asked for.
class WantedTopics {
 public:
  std::set<std::string> names;
  std::size_t bytes = 0;  // as subscription_limits.hpp counts them
};

/// `others`: the bytes of the topics that are there already.
static void requireAllowed(const std::string& who, const std::string& topic, std::size_t others) {
  const auto fail = [&](const std::string& what, std::size_t most) {
    throw Error(Errc::tooLarge, who + ": subscribe: " + what + ", where " + std::to_string(most) + " are allowed");
  };
  if (topic.size() > kLongestSubscription)
    fail("a topic of " + std::to_string(topic.size()) + " bytes", kLongestSubscription);
  const std::size_t all = others + topic.size() + kTopicOverhead;
  if (all > kMostTopicBytes) fail("topics of " + std::to_string(all) + " bytes in all", kMostTopicBytes);
}

/// A bundle is one message to libzmq.
static bool hasRoomForBundles(Socket& socket) {
  constexpr int kShortQueue = 32;
  constexpr std::int64_t kLargestBundle = 64 << 10;
  const int queue = socket.get(ZMQ_RCVHWM);
  const std::int64_t most = socket.getWide(ZMQ_MAXMSGSIZE);
  return (queue <= 0 || queue >= kShortQueue) && (most < 0 || most >= kLargestBundle);
}

}  // namespace dividere::detail

namespace dividere::connection {

Subscriber::Subscriber(const std::string& endpoint, const std::string& topic, const SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>{topic}, options) {}

Subscriber::Subscriber(const std::string& endpoint, std::initializer_list<std::string> topics,
                       const SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>(topics), options) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& topics,
                       const SocketOptions& options)
    : Subscriber(endpoint, topics, options, {}, nullptr) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& topics,
                       const SocketOptions& options, std::string_view address,
                       std::shared_ptr<detail::Destinations> destinations)
    : Connector(std::make_unique<detail::Socket>("connection::Subscriber", ZMQ_SUB, options)),
      topics_(std::make_unique<detail::WantedTopics>()),
      id_(detail::makeIdTopic()) {
  if (!address.empty()) address_.append(address).append(detail::idOfTopic(id_));
  // It sends nothing but its topics, which libzmq drops in silence when a queue is full; subscribe() bounds them.
  socket().set(ZMQ_SNDHWM, 0);
  // Before connecting: then the publisher learns of all of them at once.
  socket().set(ZMQ_SUBSCRIBE, detail::helloTopic().data(), detail::helloTopic().size());
  takesBundles_ = !address.empty() && detail::hasRoomForBundles(socket());
  if (takesBundles_) {
    // Whoever borrows the native socket takes each frame for one message.
    socket().onLend(
        [own = &socket()] { own->set(ZMQ_UNSUBSCRIBE, detail::bundlesTopic().data(), detail::bundlesTopic().size()); });
  }
  for (const std::string& topic : topics) subscribe(topic);
  if (topics.empty()) subscribe("");
  if (destinations) {
    socket().follow(endpoint, std::move(destinations));
  } else if (options.attach == Attach::bind) {
    socket().bind(endpoint);
  } else {
    socket().connect(endpoint);
  }
}

/// Those that are not the user's; the id last, as census.hpp says.
void Subscriber::setOwnTopics(int option) {
  if (!address_.empty()) setSubscription(option, address_);
  if (takesBundles_ && !socket().isLent()) setSubscription(option, detail::bundlesTopic());
  setSubscription(option, id_);
}

void Subscriber::subscribe(const std::string& topic) {
  detail::Socket& socket = this->socket();
  if (topics_->names.count(topic) > 0) return;
  detail::requireAllowed(socket.who(), topic, topics_->bytes);
  setSubscription(ZMQ_SUBSCRIBE, topic);
  topics_->names.insert(topic);
  topics_->bytes += topic.size() + detail::kTopicOverhead;
  if (topics_->names.size() == 1) setOwnTopics(ZMQ_SUBSCRIBE);
}

void Subscriber::unsubscribe(const std::string& topic) {
  socket();
  const auto found = topics_->names.find(topic);
  if (found == topics_->names.end()) return;
  // Without a topic it is nobody's subscriber, and not to be counted as one.
  if (topics_->names.size() == 1) setOwnTopics(ZMQ_UNSUBSCRIBE);
  setSubscription(ZMQ_UNSUBSCRIBE, topic);
  topics_->names.erase(found);
  topics_->bytes -= topic.size() + detail::kTopicOverhead;
}

void Subscriber::setSubscription(int option, const std::string& topic) {
  detail::Socket& socket = this->socket();
  const auto change = [&] { socket.set(option, topic.data(), topic.size()); };
  if (newest_) {
    newest_->exclude(change);
  } else {
    change();
  }
}

Subscriber::Subscriber(Subscriber&&) noexcept = default;

Subscriber& Subscriber::operator=(Subscriber&& other) noexcept {
  if (this == &other) return *this;
  endKeeping();
  Connector::operator=(std::move(other));
  topics_ = std::move(other.topics_);
  intake_ = std::move(other.intake_);
  newest_ = std::move(other.newest_);
  isLookedAt_ = other.isLookedAt_;
  takesBundles_ = other.takesBundles_;
  id_ = std::move(other.id_);
  address_ = std::move(other.address_);
  return *this;
}

Subscriber::~Subscriber() { endKeeping(); }

void Subscriber::keepNewest() {
  newest_ = std::make_shared<detail::Newest>(socket(), *intake_);
  newest_->begin();
  socket().onLend([newest = newest_.get()] { newest->end(); });
}

// In a forked child the drainer may have been at work on the intake, which is left alone then.
void Subscriber::endKeeping() noexcept {
  if (newest_ && !newest_->end()) intake_.release();
  newest_.reset();
}

void Subscriber::setIntake(std::unique_ptr<detail::Intake> intake) { intake_ = std::move(intake); }

detail::Intake* Subscriber::intake() const {
  socket();
  return intake_.get();
}

std::string Subscriber::recv() { return receiveFrame(nullptr)->str(); }

std::optional<std::string> Subscriber::recv(Timeout timeout) { return detail::asText(receiveFrame(&timeout)); }

std::optional<std::string> Subscriber::recv(Timeout timeout, const Interrupt& interrupt) {
  return detail::asText(receiveFrame(&timeout, &interrupt));
}

bool Subscriber::hasOne() const { return isLookedAt_ || (intake_ && intake_->hasHeld()); }

bool Subscriber::wait(Timeout timeout) { return awaitMessage(timeout, nullptr); }

bool Subscriber::wait(Timeout timeout, const Interrupt& interrupt) { return awaitMessage(timeout, &interrupt); }

bool Subscriber::awaitMessage(const Timeout& timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  const auto deadline = detail::Deadline::in(&timeout, interrupt);
  if (newest_) return newest_->wait(deadline);
  for (doWhatIsDue(); !hasOne(); doWhatIsDue()) {
    if (socket.wait(untilDue(deadline))) {
      isLookedAt_ = keepsOneForUser();
    } else if (deadline.passed()) {
      break;
    }
  }
  callAgainWhenDue();
  return hasOne();
}

bool Subscriber::ready() {
  detail::Socket& socket = this->socket();
  if (newest_) return newest_->ready();
  doWhatIsDue();
  while (!hasOne() && socket.ready()) isLookedAt_ = keepsOneForUser();
  return hasOne();
}

void Subscriber::doWhatIsDue() {
  if (intake_ && intake_->due() != detail::Intake::Clock::time_point::max() &&
      intake_->due() <= detail::Intake::Clock::now()) {
    intake_->onDue();
  }
}

/// Whether the message received last is. To be asked once for each.
bool Subscriber::isForUser() {
  detail::Socket& socket = this->socket();
  return !intake_ || socket.framesReceived() > 2 || intake_->takes(socket.inbox());
}

/// The same of the message that the socket keeps, which is taken out if it is not.
bool Subscriber::keepsOneForUser() {
  if (isForUser()) return true;
  socket().tryReceive();
  return false;
}

const detail::Frame* Subscriber::receiveFrame(const Timeout* timeout, const Interrupt* interrupt) {
  socket();
  const auto deadline = detail::Deadline::in(timeout, interrupt);
  if (newest_) return newest_->take(deadline);
  const detail::Frame* frame = receiveFrame(deadline);
  callAgainWhenDue();
  return frame;
}

const detail::Frame* Subscriber::receiveFrame(const detail::Deadline& deadline) {
  detail::Socket& socket = this->socket();
  for (;;) {
    doWhatIsDue();
    if (!isLookedAt_ && intake_ && intake_->hasHeld()) return &intake_->takeHeld();
    if (socket.receive(untilDue(deadline))) {
      if (std::exchange(isLookedAt_, false) || isForUser()) return &socket.onlyFrame();
    } else if (deadline.passed()) {
      return nullptr;
    }
  }
}

detail::Deadline Subscriber::untilDue(const detail::Deadline& deadline) const {
  return intake_ ? earlier(deadline, detail::Deadline::at(intake_->due())) : deadline;
}

/// For an owner who waits on descriptor(): of what the intake holds no signal tells.
void Subscriber::callAgainWhenDue() {
  if (!intake_) return;
  socket().callOwnerAt(intake_->due());
  if (intake_->hasHeld()) socket().callOwner();
}

int Subscriber::descriptor() const {
  socket();
  return newest_ && newest_->isDrained() ? newest_->descriptor() : Connector::descriptor();
}

}  // namespace dividere::connection
