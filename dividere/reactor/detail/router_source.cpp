#include "router_source.hpp"

#include <algorithm>

#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How long those that wait get replies at the end.
constexpr auto kRefusalLimit = std::chrono::milliseconds(100);

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
  const std::string bytes = errorEnvelope(error);
  const Deadline limit = Deadline::in(kRefusalLimit);
  while (!limit.passed() && socket_.ready()) {
    try {
      receive();
      Frame frame{std::string_view(bytes)};
      sendTo(route_, frame);
    } catch (const Error&) {
      // Junk, or one who cannot be told.
    }
  }
}

}  // namespace dividere::detail
