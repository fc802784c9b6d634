// Any bytes may arrive at a broker or at a worker: as a signal, or as the frame in front of a request or a reply.
// Whatever they are:
//   - a typed signal that is read and written again reads as the same; protobuf's own code reads the same in it;
//   - what is a signal of the typed dialect has the form of an envelope;
//   - no frame passes for an attempt's token and for a correlation id at once.

#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string>

#include "dividere.pb.h"
#include "dividere/balancing/detail/dialect.hpp"
#include "dividere/messaging/detail/correlation.hpp"
#include "quiet_protobuf.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

namespace {

bool same(const detail::Signal& a, const detail::Signal& b) {
  return a.kind == b.kind && a.dialect == b.dialect && a.capacity == b.capacity &&
         a.isRegistration == b.isRegistration && a.isGoodbye == b.isGoodbye;
}

void readSignal(const std::string& bytes) {
  const detail::Signal signal = detail::readSignal(bytes);
  if (signal.kind == detail::Signal::Kind::none) return;
  require(same(detail::readSignal(detail::writeSignal(signal, "id")), signal));
  if (signal.dialect == detail::Dialect::bytes) return require(bytes.size() == 1);
  require(detail::looksLikeEnvelope(bytes));
  msgEnvelope envelope;
  Heartbeat heartbeat;
  if (!envelope.ParseFromString(bytes) || !heartbeat.ParseFromString(envelope.msg().value())) return;
  require(signal.capacity == heartbeat.capacity());
  require(signal.isRegistration == heartbeat.registration());
  require(signal.isGoodbye == heartbeat.goodbye());
}

void readCaller(const std::string& bytes) {
  const dividere::Peer caller = detail::readCaller(bytes);
  const dividere::Peer again = detail::readCaller(detail::writeCaller(caller));
  require(again.name == caller.name && again.key == caller.key && again.address == caller.address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  readSignal(bytes);
  readCaller(bytes);
  detail::looksLikeEnvelope(bytes);
  require(!(detail::AttemptToken::isOurs(bytes) && detail::isCorrelationId(bytes)));
  require(bytes.size() == detail::CorrelationIds::kSize || !detail::isCorrelationId(bytes));
  return 0;
}
