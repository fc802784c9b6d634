#include "teller.hpp"

#include "describe_topic.hpp"
#include "error_envelope.hpp"

namespace dividere::detail {

// Those that come faster than they are replied to.
constexpr std::size_t kMostQuestions = 100;

void Teller::subscribed(std::string_view topic, const void* connection) {
  std::string_view knownHash;
  if (questions_.size() >= kMostQuestions || !isOn() || !readDescribeTopic(topic, knownHash)) return;
  const std::string asker = std::to_string(reinterpret_cast<std::uintptr_t>(connection));
  if (describing_.hasTurn(asker)) questions_.push_back({std::string(topic), connection});
}

bool Teller::serve(Socket& socket, const Census& census, const std::atomic<bool>& isWanted) {
  census_ = &census;
  isStampWanted_.store(census.has(stampTopic()), std::memory_order_relaxed);
  while (!questions_.empty() && !isWanted) {
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    reply(socket, question);
  }
  return !questions_.empty();
}

// Whoever subscribes to what it begins with would get it, too.
void Teller::reply(Socket& socket, const Question& question) {
  for (std::size_t size = 0; size <= question.address.size(); ++size) {
    if (census_->hasOther(question.address.substr(0, size), question.connection)) return;
  }
  Multipart message;
  message.push(question.address + replyTo(question));
  socket.trySend(message);
}

std::string Teller::replyTo(const Question& question) {
  const Frame* const news = census_->newsOf(question.connection);
  if (question.connection && !news) return describing_.refusal();
  const bool isDirect = !news || news->socketType() == "SUB";
  if (news && !describing_.mayTell(*news, isDirect)) return describing_.refusal();
  std::string_view knownHash;
  readDescribeTopic(question.address, knownHash);
  return describing_.envelope(knownHash);
}

void Teller::addSubscribers(Description& description) const {
  description.statistics.push_back({"subscribers", census_->count(), {}});
}

}  // namespace dividere::detail
