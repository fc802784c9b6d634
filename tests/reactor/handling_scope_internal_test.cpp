#include "dividere/reactor/detail/handling_scope.hpp"

#include "kit.hpp"
#include "messaging/fields.hpp"

using namespace kit;
using dividere::detail::Deadline;
using dividere::detail::HandlingScope;

TEST_CASE("a handler's thread knows by when its request wants a reply, as long as it handles that") {
  CHECK(HandlingScope::deadline().isNever());
  const auto later = Deadline::in(1h), sooner = Deadline::in(1min);
  {
    const HandlingScope outer(later);
    {
      const HandlingScope inner(sooner);
      CHECK(HandlingScope::deadline().when() == sooner.when());
    }
    CHECK(HandlingScope::deadline().when() == later.when());
  }
  CHECK(HandlingScope::deadline().isNever());
}

TEST_CASE("a reactor's handlers run in such a scope, and see the same in Sender::remaining()") {
  Notes<bool> hasLimit;
  Notes<std::chrono::milliseconds> remaining;
  dividere::reactor::MtMsgReactor reactor;
  dividere::messaging::Request request(addResponse(reactor));
  reactor.on([&](const Msg01& message, dividere::reactor::Sender& sender) {
    hasLimit.add(!HandlingScope::deadline().isNever());
    remaining.add(sender.remaining());
    return message;
  });
  reactor.start();
  for (const std::string& tail : {std::string(), fields::ofVarint(104, 3'600'000), std::string()}) {
    request.connection().send(envelopeOf(msg01("x")) + tail);
    CHECK(request.recv<Msg01>(kLimit));
  }
  reactor.stop();
  CHECK(hasLimit.all() == std::vector<bool>{false, true, false});
  CHECK(remaining.all()[0] == std::chrono::milliseconds::max());
  CHECK((remaining.all()[1] > 3'000'000ms && remaining.all()[1] <= 3'600'000ms));
  CHECK(remaining.all()[2] == std::chrono::milliseconds::max());
}
