#pragma once

// One watch: the registries are asked in the link's thread, and the user is told in a thread of its own.

#include <memory>
#include <string>

#include "../../core/detail/thread.hpp"
#include "registry_link.hpp"

namespace dividere::detail {

/// Tells a function of who comes and goes, from its construction to stop(). The function may take its time: it keeps nobody
/// up. Any thread.
class Watching {
 public:
  /// `who` is for the log; the pattern must be good.
  Watching(std::string who, std::shared_ptr<RegistryLink> link, std::string pattern, Sightings::Tell tell);
  ~Watching() { stop(); }

  /// Waits for a call of the function that is under way, unless called from inside it. Does nothing in a forked child.
  void stop();

 private:
  const ForkGuard fork_;
  const std::shared_ptr<Lookout> lookout_;
  const std::shared_ptr<RegistryLink> link_;
  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
