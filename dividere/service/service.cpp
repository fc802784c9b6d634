#include "service.hpp"

#include "../core/detail/log_line.hpp"
#include "../registry/detail/entry_rules.hpp"
#include "detail/class_name.hpp"
#include "detail/service_core.hpp"

namespace dividere::service {

Service::Service(const std::string& name, const ServiceOptions& options)
    : core_((detail::requireServiceName(detail::kService, name),
             std::make_unique<detail::ServiceCore>(name, options, handlers()))) {}

Service::Service(const ServiceOptions& options)
    : core_(std::make_unique<detail::ServiceCore>(std::string(), options, handlers())) {}

Service::~Service() = default;

Service& Service::onlyFor(const std::string& group) {
  core_->onlyFor(group);
  return *this;
}

Service& Service::every(std::chrono::milliseconds period, std::function<void()> function) {
  core_->every(period, std::move(function));
  return *this;
}

Service& Service::implements(const std::string& fullServiceName) {
  core_->implements(fullServiceName);
  return *this;
}

bool Service::start(Timeout timeout) {
  return core_->start(detail::classNameOf(*this), detail::Deadline::in(&timeout));
}

bool Service::start(Timeout timeout, const Interrupt& interrupt) {
  return core_->start(detail::classNameOf(*this), detail::Deadline::in(&timeout, &interrupt));
}

void Service::start() {
  constexpr std::chrono::milliseconds kRegistrationLimit{3000};
  if (start(kRegistrationLimit)) return;
  detail::log(LogLevel::warning, detail::kService, name() + ": no registry has replied yet; it goes on trying");
}

void Service::stop() { core_->stop(); }

void Service::post(std::function<void()> function) { core_->post(std::move(function)); }

const std::string& Service::name() const { return core_->name(); }

std::uint16_t Service::port() const { return core_->port(); }

}  // namespace dividere::service
