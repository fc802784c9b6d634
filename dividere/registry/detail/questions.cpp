#include "questions.hpp"

#include <algorithm>
#include <utility>

namespace dividere::detail {

// How long one registry may take to reply, or to be connected to, while there is another to ask. The Python package's
// registry takes a second for each request.
constexpr std::chrono::milliseconds kRegistryTurn{1500};

void Questions::ask(std::string envelope, const Deadline& deadline, Replied replied) {
  if (areAllRefused()) return replied(Outcome::refused, nullptr);
  const auto now = Clock::now();
  open_.push_back({std::move(envelope), deadline, std::move(replied), first_, now + kRegistryTurn});
  tryAsk(open_.back(), now);
}

void Questions::tryAsk(Question& question, Clock::time_point now) {
  for (std::size_t tried = 0; tried < registries_.size() && !question.isAsked; ++tried) {
    Remote& registry = *registries_[question.turn];
    if (registry.state() == Remote::State::connecting) return;  // it has its turn: the order is the user's
    if (registry.isUp()) {
      Frame frame{std::string_view(question.envelope)};
      question.asked.push_back({question.turn, ids_.next()});
      question.isAsked = registry.ask(question.asked.back().id, frame);
    }
    if (!question.isAsked) nextTurn(question, now);
  }
}

void Questions::nextTurn(Question& question, Clock::time_point now) {
  question.turn = (question.turn + 1) % registries_.size();
  question.turnEnds = now + kRegistryTurn;
  question.isAsked = false;
}

bool Questions::areAllRefused() const {
  return std::all_of(registries_.begin(), registries_.end(), [](Remote* each) { return each->isRefused(); });
}

void Questions::changed(std::size_t registry) {
  if (areAllRefused()) {
    for (const Question& each : std::exchange(open_, {})) each.replied(Outcome::refused, nullptr);
  }
  const auto now = Clock::now();
  const bool isUp = registries_[registry]->isUp();
  for (Question& question : open_) {
    if (isUp && registries_[question.turn]->state() == Remote::State::down) {
      question.turn = registry;
    } else if (!isUp && question.turn == registry) {
      nextTurn(question, now);
    }
    if (!question.isAsked) tryAsk(question, now);
  }
}

bool Questions::take(std::size_t registry, std::string_view id, Frame& reply) {
  const auto isIt = [&](const Asked& asked) { return asked.registry == registry && asked.id == id; };
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Question& question) {
    return std::any_of(question.asked.begin(), question.asked.end(), isIt);
  });
  if (found == open_.end()) return false;
  first_ = registry;
  const Replied replied = std::move(found->replied);
  open_.erase(found);
  replied(Outcome::reply, &reply);
  return true;
}

Questions::Clock::time_point Questions::run(Clock::time_point now) {
  auto next = Clock::time_point::max();
  for (auto it = open_.begin(); it != open_.end();) {
    if (!it->deadline.isNever() && it->deadline.when() <= now) {
      const Replied replied = std::move(it->replied);
      it = open_.erase(it);
      replied(Outcome::noneInTime, nullptr);
      continue;
    }
    if (registries_.size() > 1 && it->turnEnds <= now) {
      nextTurn(*it, now);
      tryAsk(*it, now);
    }
    next = std::min(next, it->deadline.when());
    if (registries_.size() > 1) next = std::min(next, it->turnEnds);
    ++it;
  }
  return next;
}

}  // namespace dividere::detail
