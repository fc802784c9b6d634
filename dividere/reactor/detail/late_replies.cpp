#include "late_replies.hpp"

#include <utility>

#include "../../messaging/detail/codec.hpp"
#include "origin.hpp"
#include "reactor_loop.hpp"

namespace dividere::detail {

constexpr const char* kLater = "reactor::Later";

// Requests that peers may have lie in one process, each with its route.
constexpr std::size_t kMostDeferred = 100'000;

LateReplies::Place LateReplies::add(const connection::Route& route, Request request) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!outlet_) throw Error(Errc::stopping, "reactor::Sender: defer");
  if (requests_.size() >= kMostDeferred) {
    throw Error(Errc::overloaded, "reactor::Sender: defer: " + std::to_string(kMostDeferred) + " are deferred already");
  }
  return requests_.emplace(route, std::move(request));
}

void LateReplies::send(Place place, Frame&& frame, bool isLast) {
  fork_.require(kLater);
  std::lock_guard<std::mutex> lock(mutex_);
  if (!outlet_) throw Error(Errc::stopping, std::string(kLater) + ": send");
  outlet_->requireLate(frame.size());
  loop_.post([self = shared_from_this(), route = place->first, shared = std::make_shared<Frame>(std::move(frame))] {
    if (self->outlet_) self->outlet_->sendLate(route, *shared);
    --self->onTheirWay_;
  });
  ++onTheirWay_;  // before this lock is let go of
  if (isLast) requests_.erase(place);
}

void LateReplies::fail(Place place, const Error& error) noexcept {
  if (fork_.crossed()) return;
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!outlet_) return;
    loop_.post([self = shared_from_this(), route = place->first, error, tell = place->second.wantsErrors] {
      if (self->outlet_) self->outlet_->lateFailed(route, error, tell);
      --self->onTheirWay_;
    });
    ++onTheirWay_;
    requests_.erase(place);
  } catch (const std::exception&) {
    forget(place);  // no memory to tell anybody
  }
}

void LateReplies::forget(Place place) noexcept {
  if (fork_.crossed()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!outlet_) return;
  const bool isAwaited = !place->second.control->isCutOff();
  try {
    if (isAwaited) {
      loop_.post([self = shared_from_this(), route = place->first] {
        if (self->outlet_) self->outlet_->lateForgotten(route);
      });
    }
  } catch (const std::exception&) {
    // No memory to tell the outlet.
  }
  requests_.erase(place);
}

bool LateReplies::isEmpty() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return requests_.empty() && onTheirWay_ == 0;
}

bool LateReplies::isLoopsThread() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return outlet_ && loop_.isCurrent();
}

void LateReplies::reach(const connection::Route& route, const std::function<void(CallControl&)>& reach) {
  Controls controls;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto [first, last] = requests_.equal_range(route);
    for (auto each = first; each != last; ++each) controls.push_back(each->second.control);
  }
  for (const auto& control : controls) reach(*control);
}

void LateReplies::reachAll(const std::string& first, const std::function<void(CallControl&)>& reach) {
  Controls controls;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto each = requests_.lower_bound({first}); each != requests_.end() && each->first.front() == first; ++each) {
      controls.push_back(each->second.control);
    }
  }
  for (const auto& control : controls) reach(*control);
}

void LateReplies::cutOff() {
  Controls controls;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    controls.reserve(requests_.size());
    for (const auto& [route, request] : requests_) controls.push_back(request.control);
  }
  for (const auto& control : controls) control->runHook(control->markCutOff());
}

std::vector<connection::Route> LateReplies::close(Left left) noexcept {
  std::vector<connection::Route> routes;
  if (fork_.crossed()) return routes;
  std::lock_guard<std::mutex> lock(mutex_);
  outlet_ = nullptr;
  for (auto& [route, request] : requests_) {
    if (request.control) request.control->stopWaiting();
    const bool isWanted = request.wantsErrors && !(request.control && request.control->isGivenUp());
    if (isWanted && (left == Left::all || !request.terms.isRepeatable)) routes.push_back(route);
  }
  requests_.clear();
  return routes;
}

// --- One of them ---

DeferredCall::DeferredCall(std::shared_ptr<LateReplies> replies, const connection::Route& route,
                           LateReplies::Request request, std::shared_ptr<const ReplyRule> rule)
    : replies_(std::move(replies)),
      control_(request.control),
      terms_(request.terms),
      rule_(std::move(rule)),
      place_(replies_->add(route, std::move(request))) {}

DeferredCall::~DeferredCall() {
  control_->end();
  if (!isOpen_) return;
  if (isCancelled()) {
    replies_->forget(place_);
  } else {
    constexpr const char* kText = "it sent no reply";
    replies_->fail(place_, Error(Errc::handlerFailed, std::string(kLater) + ": destroyed without a reply", kText));
  }
}

void DeferredCall::requireOpen(const char* what) const {
  if (!isOpen_) throw Error(Errc::outOfTurn, std::string(kLater) + what + ": the request has had its reply");
}

void DeferredCall::reply(const google::protobuf::Message& message) {
  requireOpen(": send");
  if (rule_) rule_->requireReply(message);
  Frame frame = encodeFrame(kLater, message);
  if (control_->isGivenUp()) {
    replies_->forget(place_);
  } else {
    replies_->reply(place_, std::move(frame));
  }
  isOpen_ = false;
}

// In the loop's thread nobody waits: it is what brings the credit.
void DeferredCall::replyPart(const google::protobuf::Message& part) {
  requireOpen(": sendPart");
  if (rule_) rule_->requirePart(part);
  if (!terms_.takesParts) return;
  const bool waits = !replies_->isLoopsThread();
  std::uint32_t number = 0;
  const auto credit = control_->takeCredit(waits ? terms_.deadline : Deadline::longAgo(), number);
  if (credit == CallControl::Credit::none && !waits) {
    throw Error(Errc::overloaded, std::string(kLater) + ": sendPart: no credit yet, for which this thread cannot wait");
  }
  CallControl::requireTaken(credit, kLater);
  replies_->sendPart(place_, encodePart(kLater, part, number));
}

void DeferredCall::fail(const Error& error) {
  requireOpen(": fail");
  isOpen_ = false;
  if (isCancelled()) return replies_->forget(place_);
  replies_->fail(place_, error);
}

}  // namespace dividere::detail
