#include "watch.hpp"

#include "detail/watching.hpp"

namespace dividere::registry {

Watch::Watch() noexcept = default;
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

Watch::Watch(std::shared_ptr<detail::RegistryLink> link, const std::string& pattern,
             std::function<void(const ServiceAddress&, bool)> function)
    : watching_(std::make_unique<detail::Watching>("registry::Client: watch '" + pattern + "'", std::move(link),
                                                   pattern, std::move(function))) {}

void Watch::stop() {
  if (watching_) watching_->stop();
}

}  // namespace dividere::registry
