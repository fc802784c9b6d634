#include "watching.hpp"

#include <utility>

namespace dividere::detail {

static std::shared_ptr<Lookout> lookoutOf(std::string who, std::string pattern, Sightings::Tell tell) {
  auto lookout = std::make_shared<Lookout>();
  lookout->sightings = std::make_shared<Sightings>(who, std::move(tell));
  lookout->who = std::move(who);
  lookout->pattern = std::move(pattern);
  return lookout;
}

Watching::Watching(std::string who, std::shared_ptr<RegistryLink> link, std::string pattern, Sightings::Tell tell)
    : lookout_(lookoutOf(std::move(who), std::move(pattern), std::move(tell))), link_(std::move(link)) {
  // Kept by the thread, too: the function may destroy this object.
  thread_.start("dividere-watch", [sightings = lookout_->sightings] { sightings->tellAll(); });
  link_->begin(lookout_);
}

void Watching::stop() {
  if (fork_.crossed()) return;
  link_->end(lookout_);
  lookout_->sightings->end();
  thread_.stop();
}

}  // namespace dividere::detail
