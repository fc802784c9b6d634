#pragma once

// What is asked of the registries.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "../../messaging/detail/correlation.hpp"
#include "../../reactor/detail/remote.hpp"

namespace dividere::detail {

/// Questions to any registry of a list: each is put to the first that is there, and to the next one if that goes, or
/// keeps silent while there is another. All in the loop's thread.
class Questions {
 public:
  using Clock = Deadline::Clock;

  enum class Outcome {
    reply,
    noneInTime,
    refused,  // no registry lets this program in, or is secured as this program is
  };

  /// The envelope of the reply; null if there is none.
  using Replied = std::function<void(Outcome, Frame*)>;

  Questions(const std::vector<Remote*>& registries, CorrelationIds& ids) : registries_(registries), ids_(ids) {}

  void ask(std::string envelope, const Deadline& deadline, Replied replied);

  /// A registry has come or gone.
  void changed(std::size_t registry);

  /// Whether it was the reply to a question of these.
  bool take(std::size_t registry, std::string_view id, Frame& reply);

  /// Does what is due. Returns when there is something to do again.
  Clock::time_point run(Clock::time_point now);

 private:
  /// A registry that was asked, and under which id: another one's reply is none, though it can guess the id.
  struct Asked {
    std::size_t registry;
    std::string id;
  };

  struct Question {
    std::string envelope;
    Deadline deadline;
    Replied replied;
    std::size_t turn;  // the registry that is to reply
    Clock::time_point turnEnds;
    bool isAsked = false;           // that one has the question
    std::vector<Asked> asked = {};  // it, and those before
  };

  void tryAsk(Question& question, Clock::time_point now);
  bool areAllRefused() const;
  void nextTurn(Question& question, Clock::time_point now);

  const std::vector<Remote*>& registries_;
  CorrelationIds& ids_;
  std::list<Question> open_;
  std::size_t first_ = 0;  // the one that replied last
};

}  // namespace dividere::detail
