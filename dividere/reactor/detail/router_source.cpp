#include "router_source.hpp"

#include <algorithm>

#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How long what has come is still taken at the end.
constexpr std::chrono::milliseconds kRefusalLimit{100};
// What is kept for peers that read slowly, beyond what libzmq holds for each.
constexpr KeptReplies::Bounds kMostKept{10000, 64 * 1024 * 1024};

RouterSource::RouterSource(const char* who, const connection::SocketOptions& options, HandlerTable& handlers)
    : socket_(who, ZMQ_ROUTER, options),
      handlers_(handlers),
      describing_(socket_, [this](Description& description, TypeBook& types) { addTo(description, types); }),
      kept_(kMostKept, [this](KeptReply& reply) { return socket_.trySend(reply.message) != SendResult::full; }) {
  setUpRouter(socket_);
  describing_.announce();
}

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
  route.reserve(static_cast<std::size_t>(body - frames.begin()));
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

SendResult RouterSource::sendTo(const connection::Route& route, Frame& frame) {
  if (route.empty()) return SendResult::sent;  // of a message that was no request
  const bool waits = kept_.isKeptFor(route.front());
  const SendResult result = waits ? SendResult::full : socket_.trySend(route, frame);
  if (result != SendResult::full) return result;
  socket_.requireSendable(frame.size());
  KeptReply reply;
  reply.message.assign(route, std::move(frame));
  if (!kept_.isFullFor(reply.peer())) {
    kept_.keep(std::move(reply));
    return SendResult::sent;
  }
  socket_.tally().dropped.add(1);
  drops_.log(LogLevel::warning, socket_.who(), "a reply was dropped: its client takes none");
  return SendResult::full;
}

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
    Frame told{std::string_view(errorEnvelope(error))};
    socket_.requireSendable(told.size());
    for (const connection::Route& route : routes) {
      KeptReply reply;
      reply.message.assign(route, told.share());
      kept_.keep(std::move(reply));
    }
  } catch (const Error&) {
    // Longer than this socket lets anything be: nobody can be told.
  }
  kept_.flushToTheEnd(socket_);
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

}  // namespace dividere::detail
