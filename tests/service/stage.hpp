#pragma once

// What the tests of services share.

#include <chrono>
#include <dividere.hpp>
#include <functional>
#include <optional>
#include <string>

#include "registry/stage.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"

namespace stage {

using support::Event;
using support::msg01;
using support::msg02;

inline dividere::service::ServiceOptions at(const dividere::registry::Location& registry) {
  dividere::service::ServiceOptions options;
  options.registries = {registry};
  options.advertise = "127.0.0.1";
  return options;
}

inline dividere::service::ServiceOptions at(const dividere::registry::Server& server) { return at(locationOf(server)); }

inline dividere::service::ClientOptions asking(const dividere::registry::Location& registry) {
  dividere::service::ClientOptions options;
  options.registries = {registry};
  return options;
}

inline dividere::service::ClientOptions asking(const dividere::registry::Server& server) {
  return asking(locationOf(server));
}

/// Replies to Msg01 with the same text, and its own name before it.
class Echo : public dividere::service::Service {
 public:
  Echo(const std::string& name, const dividere::service::ServiceOptions& options, std::string says = "")
      : Service(name, options), says_(std::move(says)) {
    on([this](const Msg01& message) { return msg01(says_ + message.field1()); });
  }
  ~Echo() override { stop(); }

 private:
  const std::string says_;
};

/// The reply's text; "nothing" if none came.
inline std::string textOf(const std::optional<Msg01>& answer) { return answer ? answer->field1() : "nothing"; }

inline std::string call(dividere::service::Client& client, const std::string& text) {
  return textOf(client.call<Msg01>(msg01(text), support::kLimit));
}

}  // namespace stage
