// Any bytes may arrive where a message of the framework should. Whatever they are, for each of these messages:
//   - what was read and is written again reads as the same;
//   - where protobuf's own code takes the bytes too, both read the same in them. (Each refuses a little that the other
//     takes: protobuf text that is no UTF-8, dividere field numbers of more than 29 bits.)
// And an error that a peer sends becomes one of this side with a short text, or is refused as malformed.

#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string>

#include "dividere.pb.h"
#include "dividere/messaging/detail/error_envelope.hpp"
#include "dividere/messaging/detail/framework_messages.hpp"
#include "quiet_protobuf.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

namespace {

bool same(const detail::ServiceAt& ours, const UnregisterService& protoc) {
  return ours.name == protoc.servicename() && ours.server == protoc.server() && ours.port == protoc.port();
}

bool same(const detail::RegisterService& ours, const RegisterService& protoc) {
  return ours.name == protoc.servicename() && ours.server == protoc.server() && ours.port == protoc.port() &&
         ours.leaseMs == protoc.leasems() && ours.instance == protoc.instance();
}

bool same(const detail::ServiceInstance& ours, const ServiceInstance& protoc) {
  return ours.server == protoc.server() && ours.port == protoc.port() && ours.name == protoc.servicename();
}

bool same(const detail::ServiceLookupReq& ours, const ServiceLookupReq& protoc) {
  return ours.name == protoc.servicename() && ours.all == protoc.all() && ours.pattern == protoc.pattern() &&
         same(ours.after, protoc.after());
}

bool same(const detail::ServiceLookupRep& ours, const ServiceLookupRep& protoc) {
  bool equal = ours.name == protoc.servicename() && ours.server == protoc.server() && ours.port == protoc.port() &&
               ours.isListed == protoc.listed() && ours.more == protoc.more() &&
               ours.instances.size() == static_cast<std::size_t>(protoc.instances_size());
  for (int i = 0; equal && i < protoc.instances_size(); ++i) {
    equal = same(ours.instances[static_cast<std::size_t>(i)], protoc.instances(i));
  }
  return equal;
}

bool same(const detail::Ack& ours, const ack& protoc) {
  return ours.ok == protoc.ok() && ours.leases == protoc.leases() && ours.reason == protoc.reason();
}

bool same(const detail::DividereError& ours, const DividereError& protoc) {
  return ours.code == protoc.code() && ours.text == protoc.text() && ours.failure == protoc.failure();
}

template <class Ours, class Protoc>
void read(const std::string& bytes) {
  Ours ours;
  if (!ours.decode(bytes)) return;
  const std::string written = ours.encode();
  Ours again;
  require(again.decode(written));
  require(again.encode() == written);
  Protoc protoc;
  if (protoc.ParseFromString(bytes)) require(same(ours, protoc));
}

void readError(const std::string& bytes) {
  constexpr std::size_t kShort = 1000;
  const auto told = detail::readErrorEnvelope(bytes);
  if (told) require(std::string(detail::asError("fuzz", *told).what()).size() < kShort);
  try {
    detail::throwIfErrorEnvelope("fuzz", bytes);
    require(!told);
  } catch (const dividere::Error& error) {
    require(std::string(error.what()).size() < kShort);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read<detail::UnregisterService, UnregisterService>(bytes);
  read<detail::RegisterService, RegisterService>(bytes);
  read<detail::ServiceInstance, ServiceInstance>(bytes);
  read<detail::ServiceLookupReq, ServiceLookupReq>(bytes);
  read<detail::ServiceLookupRep, ServiceLookupRep>(bytes);
  read<detail::Ack, ack>(bytes);
  read<detail::DividereError, DividereError>(bytes);
  readError(bytes);
  return 0;
}
