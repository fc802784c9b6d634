#pragma once

// This process's way to the registries.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/latch.hpp"
#include "../../messaging/detail/correlation.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "../address.hpp"
#include "lookouts.hpp"
#include "questions.hpp"
#include "registrar.hpp"

namespace dividere::detail {

constexpr const char* kRegistryRefuses =
    "the registry does not let this program's key in, or is not secured as this program is; the log says which";

/// One thread and one connection to each registry of a list, for all that ask or register there: a hundred services
/// in a process are a hundred names, not a hundred connections. Any thread but its own.
class RegistryLink final : private Remote::Owner {
 public:
  /// The one for this list, made if nobody has it. Throws Error{badEndpoint}, which names `who`, for a list that is
  /// empty or holds what is no address.
  static std::shared_ptr<RegistryLink> to(const std::string& who, const std::vector<registry::Location>& registries);

  explicit RegistryLink(const std::vector<registry::Location>& registries);
  ~RegistryLink();

  /// Whether this is the link's thread.
  bool isCurrent() const noexcept { return loop_.isCurrent(); }

  void requireOwnProcess(std::string_view who) const { fork_.require(who); }

  /// Calls `replied` once, in the link's thread, with the envelope of the reply, or with null if there is none in
  /// time; never if the link ends before. Names and hosts in the question must be good (entry_rules.hpp): a message that
  /// is too long loses the connection, which is everybody's.
  void ask(std::string envelope, const Deadline& deadline, Questions::Replied replied);

  void begin(const std::shared_ptr<Registration>& registration);
  void end(const std::shared_ptr<Registration>& registration);
  void begin(const std::shared_ptr<Lookout>& lookout);
  void end(const std::shared_ptr<Lookout>& lookout);

 private:
  void remoteChanged(Remote& remote) override;
  void remoteReplied(Remote& remote, std::string_view id, Frame& reply) override;
  std::size_t indexOf(const Remote& remote) const;
  void listen();
  void run();

  // Constant after construction.
  const ForkGuard fork_;
  const std::vector<registry::Location> locations_;
  std::vector<Remote*> remotes_;  // the loop's

  // The loop's thread alone.
  CorrelationIds ids_;
  Questions questions_{remotes_, ids_};
  Registrar registrar_{remotes_, ids_};
  Lookouts lookouts_{remotes_, ids_};
  bool listens_ = false;

  ReactorLoop loop_{"registry link"};
  Alarm alarm_{loop_, [this] { run(); }};
};

}  // namespace dividere::detail
