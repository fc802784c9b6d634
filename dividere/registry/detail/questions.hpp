#pragma once

// What is asked of the name services.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "../../messaging/detail/correlation.hpp"
#include "../../reactor/detail/remote.hpp"

namespace dividere::detail {

/// Questions to any one of several registries: asked of the first that is there, and again of the next if it goes, or
/// keeps silent while there is another. All in the loop's thread.
class Questions {
 public:
  using Clock = Deadline::Clock;

  /// The envelope of the answer; null if none came in time.
  using Answered = std::function<void(Frame*)>;

  Questions(const std::vector<Remote*>& registries, CorrelationIds& ids) : registries_(registries), ids_(ids) {}

  void ask(std::string envelope, const Deadline& deadline, Answered answered);

  /// A registry has come or gone.
  void changed(std::size_t registry);

  /// Whether it was the answer to a question of these.
  bool take(std::size_t registry, std::string_view id, Frame& answer);

  /// Does what is due; when there is something to do again.
  Clock::time_point run(Clock::time_point now);

 private:
  struct Question {
    std::string envelope;
    Deadline deadline;
    Answered answered;
    std::size_t turn;  // the registry that is to answer
    Clock::time_point turnEnds;
    bool isAsked = false;               // that one has the question
    std::vector<std::string> ids = {};  // under which it was asked, also of those before
  };

  void tryAsk(Question& question, Clock::time_point now);
  void nextTurn(Question& question, Clock::time_point now);

  const std::vector<Remote*>& registries_;
  CorrelationIds& ids_;
  std::list<Question> open_;
  std::size_t first_ = 0;  // the one that answered last
};

}  // namespace dividere::detail
