#include "router_source.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How long what has come is still taken at the end.
constexpr std::chrono::milliseconds kRefusalLimit{100};
// How long the last replies are delivered, in all and while no peer takes any.
constexpr std::chrono::milliseconds kFarewellLimit{1000};
constexpr std::chrono::milliseconds kStallLimit{200};

Frame& RouterSource::receive(connection::Route& route) {
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
  for (auto step = frames.begin(); step != body; ++step) route.push_back(step->str());
  if (body != frames.end() - 1) fail();
  return *body;
}

bool RouterSource::takeQuestion(const connection::Route& route, const Frame& message) {
  if (!describing_.isQuestion(message.view())) return false;
  const auto isName = [](const std::string& frame) { return !frame.empty(); };
  const auto names = std::count_if(route.begin(), route.end(), isName);
  Frame reply{std::string_view(describing_.replyTo(message, static_cast<std::size_t>(names)))};
  sendTo(route, reply);
  return true;
}

void RouterSource::send(Frame& frame) {
  if (isReplied()) throw Error(Errc::outOfTurn, socket_.who() + ": send: this request has had its reply");
  sendTo(route_, frame);
}

void RouterSource::sendTo(const connection::Route& route, Frame& frame) { socket_.trySend(route, frame); }

void RouterSource::lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept {
  handlers_.lateFailed(error);
  try {
    Frame frame{std::string_view(errorEnvelope(error))};
    if (tell) sendTo(route, frame);
  } catch (const std::exception&) {
    // Longer than this socket lets anything be, or no memory: nobody can be told.
  }
}

void RouterSource::refuseAll(std::vector<connection::Route> routes, const Error& error) {
  addWaiting(routes);
  try {
    sendLast(routes, errorEnvelope(error));
  } catch (const Error&) {
    // Longer than this socket lets anything be: nobody can be told.
  }
}

void RouterSource::addWaiting(std::vector<connection::Route>& routes) {
  const Deadline limit = Deadline::in(kRefusalLimit);
  while (!limit.passed() && socket_.ready()) {
    try {
      receive();
      routes.push_back(route_);
    } catch (const Error&) {
      // Junk: nobody waits for a reply to it.
    }
  }
}

// By peer: one that does not read keeps none from the others.
void RouterSource::sendLast(const std::vector<connection::Route>& routes, std::string_view bytes) {
  std::map<std::string_view, std::deque<const connection::Route*>> left;
  for (const connection::Route& route : routes) left[route.front()].push_back(&route);
  const Deadline limit = Deadline::in(kFarewellLimit);
  for (;;) {
    for (auto peer = left.begin(); peer != left.end();) {
      sendWhileRoom(peer->second, bytes);
      peer = peer->second.empty() ? left.erase(peer) : std::next(peer);
    }
    if (left.empty() || limit.passed() || !socket_.awaitNews(earlier(limit, Deadline::in(kStallLimit)))) return;
  }
}

void RouterSource::sendWhileRoom(std::deque<const connection::Route*>& routes, std::string_view bytes) {
  while (!routes.empty()) {
    Frame frame(bytes);
    if (socket_.trySend(*routes.front(), frame) == SendResult::full) return;
    routes.pop_front();
  }
}

}  // namespace dividere::detail
