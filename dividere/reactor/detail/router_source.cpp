#include "router_source.hpp"

#include <algorithm>

#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How long what has come is still taken at the end.
constexpr std::chrono::milliseconds kRefusalLimit{100};
// How long the last replies are delivered, in all and while no peer takes any.
constexpr std::chrono::milliseconds kFarewellLimit{1000};
constexpr std::chrono::milliseconds kStallLimit{200};

Frame& RouterSource::receive() {
  newMessage();
  socket_.tryReceive();
  std::vector<Frame>& frames = socket_.inbox().frames();
  const auto fail = [&] {
    throw Error(Errc::malformed, socket_.who() + ": receive: a message of " + std::to_string(socket_.framesReceived()) +
                                     " frames; dropped");
  };
  if (socket_.framesReceived() > frames.size() || frames.size() < 2) fail();
  // The first frame names the peer. What follows the first empty one is the message, as a REP socket sees it.
  auto body = std::find_if(frames.begin() + 1, frames.end() - 1, [](const Frame& frame) { return frame.size() == 0; });
  body = body == frames.end() - 1 ? body : body + 1;
  for (auto step = frames.begin(); step != body; ++step) route_.push_back(step->str());
  if (body != frames.end() - 1) fail();
  return *body;
}

void RouterSource::send(Frame& frame) {
  if (isReplied()) throw Error(Errc::outOfTurn, socket_.who() + ": send: this request has had its reply");
  sendTo(route_, frame);
}

void RouterSource::sendTo(const connection::Route& route, Frame& frame) { socket_.trySend(route, frame); }

void RouterSource::refuseWaiting(const Error& error) {
  std::vector<connection::Route> routes;
  const Deadline limit = Deadline::in(kRefusalLimit);
  while (!limit.passed() && socket_.ready()) {
    try {
      receive();
      routes.push_back(route_);
    } catch (const Error&) {
      // Junk: nobody waits for a reply to it.
    }
  }
  sendLast(routes, errorEnvelope(error));
}

void RouterSource::sendLast(const std::vector<connection::Route>& routes, std::string_view bytes) {
  const Deadline limit = Deadline::in(kFarewellLimit);
  for (const connection::Route& route : routes) {
    Frame frame(bytes);
    while (socket_.trySend(route, frame) == SendResult::full) {
      if (!socket_.awaitNews(earlier(limit, Deadline::in(kStallLimit)))) return;
    }
  }
}

}  // namespace dividere::detail
