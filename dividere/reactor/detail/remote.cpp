#include "remote.hpp"

#include "../../messaging/detail/correlation.hpp"

namespace dividere::detail {

Remote::Remote(const char* who, ReactorLoop& loop, Owner& owner, const std::string& endpoint,
               connection::SocketOptions options, Framing framing)
    : loop_(loop),
      framing_(framing),
      standing_(std::make_shared<Standing>(Standing{this, owner})),
      socket_(who, ZMQ_DEALER, asked(std::move(options), loop, standing_)) {
  socket_.takeRandomName();
  socket_.connectOnceFound(endpoint);
  if (endpoint.compare(0, 9, "inproc://") == 0) standing_->state = State::up;  // of which libzmq tells nothing
}

connection::SocketOptions Remote::asked(connection::SocketOptions options, ReactorLoop& loop,
                                        const std::shared_ptr<Standing>& standing) {
  options.attach = connection::Attach::connect;
  options.monitor = true;
  options.onEvent = [&loop, weak = std::weak_ptr<Standing>(standing), onEvent = std::move(options.onEvent),
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
    if (state != told || event.type == EventType::handshakeFailed) loop.post([weak, state] { changed(weak, state); });
    told = state;
  };
  return options;
}

void Remote::changed(const std::weak_ptr<Standing>& standing, State state) {
  const auto alive = standing.lock();
  if (!alive) return;
  const bool isLost = alive->state == State::up;
  alive->state = state;
  if (isLost) alive->remote->clear();
  alive->owner.remoteChanged(*alive->remote);
}

// What it replied before it went counts, and what it has not been sent by then is not sent. (ZMQ_IMMEDIATE would
// see to the latter, but throws away what has come and is not yet received.)
void Remote::clear() {
  loop_.takeAll(*this);
  socket_.takeRandomName();  // a broker may ignore who has the name of one that it does not know to be gone
  socket_.forgetUnsent();
}

bool Remote::ask(const std::string& id, Frame& request) {
  if (!isUp()) return false;
  outgoing_.clear();
  outgoing_.push(std::string_view(id));
  if (framing_ == Framing::response) outgoing_.push(Frame());
  outgoing_.push(std::move(request));
  if (socket_.trySend(outgoing_) == SendResult::sent) return true;
  request = outgoing_.takePayload();
  return false;
}

void Remote::take() {
  socket_.tryReceive();
  std::vector<Frame>& frames = socket_.inbox().frames();
  if (socket_.framesReceived() > frames.size() || frames.size() < 2 || frames.front().size() != CorrelationIds::kSize) {
    throw Error(Errc::malformed,
                socket_.who() + ": " + socket_.endpoint() + ": a reply without the id of a request; dropped");
  }
  standing_->owner.remoteReplied(*this, frames.front().view(), frames.back());
}

}  // namespace dividere::detail
