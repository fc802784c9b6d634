#include "subscriber.hpp"

#include <algorithm>
#include <utility>

#include "../core/error.hpp"
#include "detail/census.hpp"
#include "detail/intake.hpp"
#include "detail/socket.hpp"

namespace dividere::connection {

Subscriber::Subscriber(const std::string& endpoint, const std::string& topic, const SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>{topic}, options) {}

Subscriber::Subscriber(const std::string& endpoint, std::initializer_list<std::string> topics,
                       const SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>(topics), options) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& topics,
                       const SocketOptions& options)
    : Connector(std::make_unique<detail::Socket>("connection::Subscriber", ZMQ_SUB, options)),
      id_(detail::makeIdTopic()) {
  // Before connecting: then the publisher learns of all of them at once.
  socket().set(ZMQ_SUBSCRIBE, detail::helloTopic().data(), detail::helloTopic().size());
  for (const std::string& topic : topics) subscribe(topic);
  if (topics.empty()) subscribe("");
  if (options.attach == Attach::bind) {
    socket().bind(endpoint);
  } else {
    socket().connect(endpoint);
  }
}

void Subscriber::subscribe(const std::string& topic) {
  detail::Socket& socket = this->socket();
  if (std::find(topics_.begin(), topics_.end(), topic) != topics_.end()) return;
  socket.set(ZMQ_SUBSCRIBE, topic.data(), topic.size());
  topics_.push_back(topic);
  if (topics_.size() == 1) socket.set(ZMQ_SUBSCRIBE, id_.data(), id_.size());
}

void Subscriber::unsubscribe(const std::string& topic) {
  detail::Socket& socket = this->socket();
  const auto found = std::find(topics_.begin(), topics_.end(), topic);
  if (found == topics_.end()) return;
  // Without a topic it is nobody's subscriber, and not to be counted as one.
  if (topics_.size() == 1) socket.set(ZMQ_UNSUBSCRIBE, id_.data(), id_.size());
  socket.set(ZMQ_UNSUBSCRIBE, topic.data(), topic.size());
  topics_.erase(found);
}

Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

void Subscriber::setIntake(std::unique_ptr<detail::Intake> intake) { intake_ = std::move(intake); }

detail::Intake* Subscriber::intake() const {
  socket();
  return intake_.get();
}

std::string Subscriber::recv() { return receiveFrame(nullptr)->str(); }

std::optional<std::string> Subscriber::recv(Timeout timeout) {
  const detail::Frame* frame = receiveFrame(&timeout);
  return frame ? std::optional<std::string>(frame->view()) : std::nullopt;
}

bool Subscriber::wait(Timeout timeout) {
  detail::Socket& socket = this->socket();
  const auto deadline = detail::Deadline::in(timeout);
  while (!isLookedAt_ && socket.wait(deadline)) isLookedAt_ = isForUser();
  return isLookedAt_;
}

bool Subscriber::ready() {
  detail::Socket& socket = this->socket();
  while (!isLookedAt_ && socket.ready()) isLookedAt_ = isForUser();
  return isLookedAt_;
}

/// Whether the message that the socket keeps is; it is taken out otherwise.
bool Subscriber::isForUser() {
  detail::Socket& socket = this->socket();
  if (!intake_ || socket.framesReceived() != 1 || intake_->takes(socket.onlyFrame().view())) return true;
  socket.tryReceive();
  return false;
}

const detail::Frame* Subscriber::receiveFrame(const Timeout* timeout) {
  detail::Socket& socket = this->socket();
  const auto deadline = detail::Deadline::in(timeout);
  while (socket.receive(deadline)) {
    const bool isTaken = std::exchange(isLookedAt_, false) || !intake_ || socket.framesReceived() != 1 ||
                         intake_->takes(socket.onlyFrame().view());
    if (isTaken) return &socket.onlyFrame();
  }
  return nullptr;
}

}  // namespace dividere::connection
