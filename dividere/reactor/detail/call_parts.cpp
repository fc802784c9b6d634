#include "call_parts.hpp"

#include <utility>

#include "../../messaging/detail/call_fields.hpp"

namespace dividere::detail {

// Credit is worth a message for so many parts.
constexpr std::uint32_t kCreditAtOnce = kInitialCredit / 2;
// Credit for a run that ended may be on its way when another begins.
constexpr std::size_t kMostParts = 3 * kInitialCredit;

CallParts::Added CallParts::add(Frame&& part, std::uint32_t number, bool keepsLast) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (number != 1 && number != last_ + 1) return Added::lost;
    if (number == 1) {
      parts_.clear();
      taken_ = 0;
    }
    last_ = number;
    if (keepsLast) ++taken_;
    if (keepsLast && parts_.size() >= kInitialCredit) parts_.pop_front();
    if (parts_.size() >= kMostParts) return Added::tooMany;
    parts_.push_back(std::move(part));
  }
  ring();
  return Added::yes;
}

void CallParts::addHandler(Handler handler) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto handlers = handlers_ ? *handlers_ : std::vector<Handler>();
  handlers.push_back(std::move(handler));
  handlers_ = std::make_shared<const std::vector<Handler>>(std::move(handlers));
}

void CallParts::countAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  taken_ += static_cast<std::uint32_t>(parts_.size());
}

bool CallParts::isEmpty() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return parts_.empty();
}

bool CallParts::isDue() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !parts_.empty() && handlers_;
}

bool CallParts::handleNext() {
  Frame part;
  std::shared_ptr<const std::vector<Handler>> handlers;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (parts_.empty() || !handlers_) return false;
    part = std::move(parts_.front());
    parts_.pop_front();
    ++taken_;
    handlers = handlers_;
    handling_ = std::this_thread::get_id();
  }
  struct Handling {
    CallParts& parts;
    std::shared_ptr<const std::vector<Handler>>& handlers;
    ~Handling() {
      handlers.reset();  // what they hold goes before anybody is told that they have run
      parts.setHandling({});
    }
  } const handling{*this, handlers};
  for (const Handler& each : *handlers) {
    if (each(part.view())) break;
  }
  return true;
}

void CallParts::setHandling(std::thread::id thread) noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    handling_ = thread;
  }
  ring();
}

/// Whether no other thread runs a handler, nor will, if `all`.
bool CallParts::isHandled(bool all) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (handling_ == std::this_thread::get_id()) return true;
  return handling_ == std::thread::id() && !(all && !parts_.empty() && handlers_);
}

bool CallParts::awaitHandled(const Deadline& deadline) {
  return arrived_.wait([&] { return isHandled(true); }, deadline);
}

void CallParts::dropHandlers() noexcept {
  std::shared_ptr<const std::vector<Handler>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(handlers_);
  }
  arrived_.wait([&] { return isHandled(false); }, Deadline::never());
}

bool CallParts::take(Frame& part) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (parts_.empty()) return false;
  part = std::move(parts_.front());
  parts_.pop_front();
  ++taken_;
  return true;
}

bool CallParts::hasCredit() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return taken_ >= kCreditAtOnce;
}

std::uint32_t CallParts::takeCredit() {
  std::lock_guard<std::mutex> lock(mutex_);
  return taken_ >= kCreditAtOnce ? std::exchange(taken_, 0) : 0;
}

void CallParts::putBack(std::uint32_t credit) {
  std::lock_guard<std::mutex> lock(mutex_);
  taken_ += credit;
}

}  // namespace dividere::detail
