#include "peer.hpp"

#include "../../messaging/detail/correlation.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

Peer::Peer(ReactorLoop& loop, Listener& listener, const std::string& endpoint, connection::SocketOptions options)
    : loop_(loop),
      link_(std::make_shared<Link>(Link{this, listener})),
      dealer_(endpoint, asked(std::move(options), loop, link_)) {}

connection::SocketOptions Peer::asked(connection::SocketOptions options, ReactorLoop& loop,
                                      const std::shared_ptr<Link>& link) {
  options.attach = connection::Attach::connect;
  options.monitor = true;
  options.onEvent = [&loop, weak = std::weak_ptr<Link>(link), onEvent = std::move(options.onEvent),
                     told = State::connecting](const connection::SocketEvent& event) mutable {
    using connection::EventType;
    if (onEvent) onEvent(event);
    State state = told;
    if (event.type == EventType::handshakeSucceeded) state = State::up;
    if (event.type == EventType::disconnected || event.type == EventType::handshakeFailed ||
        event.type == EventType::connectRetried) {
      state = State::down;
    }
    // Each change once: a dead peer is tried ten times a second.
    if (state != told) loop.post([weak, state] { changed(weak, state); });
    told = state;
  };
  return options;
}

void Peer::changed(const std::weak_ptr<Link>& link, State state) {
  const auto alive = link.lock();
  if (!alive) return;
  const bool isLost = alive->state == State::up;
  alive->state = state;
  if (isLost) alive->peer->clear();
  alive->listener.peerChanged(*alive->peer);
}

// What it answered before it went is an answer, and what it has not been sent by then is not sent. (ZMQ_IMMEDIATE would
// see to the latter, but throws away what has come and is not yet received.)
void Peer::clear() {
  loop_.drain(*this);
  socket().forgetUnsent();
  loop_.lookAgain(*this);
}

bool Peer::ask(const std::string& id, Frame& request) {
  if (!isUp()) return false;
  // Sending takes in the signal that an answer has come, too: the descriptor would stay silent about it.
  loop_.lookAgain(*this);
  outgoing_.clear();
  outgoing_.push(std::string_view(id));
  outgoing_.push(Frame());
  outgoing_.push(std::move(request));
  if (socket().trySend(outgoing_) == SendResult::sent) return true;
  request = outgoing_.takePayload();
  return false;
}

void Peer::take(HandlerTable&) {
  Socket& socket = this->socket();
  socket.tryReceive();
  std::vector<Frame>& frames = socket.inbox().frames();
  if (socket.framesReceived() > frames.size() || frames.size() < 2 || frames.front().size() != CorrelationIds::kSize) {
    throw Error(Errc::malformed,
                socket.who() + ": " + socket.endpoint() + ": an answer without the id of a request; dropped");
  }
  link_->listener.peerAnswered(*this, frames.front().view(), frames.back());
}

void Peer::send(Frame&) { throw Error(Errc::outOfTurn, socket().who() + ": send: an answer is not answered"); }

}  // namespace dividere::detail
