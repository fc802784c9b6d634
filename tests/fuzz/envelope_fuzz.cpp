// Any bytes may arrive where an envelope should. Whatever they are:
//   - nothing but dividere::Error is thrown;
//   - what decodes can be encoded again, and decodes to the same;
//   - where protobuf's own code takes the bytes for an envelope, too, both read the same in them. (Each refuses a little
//     that the other takes: protobuf text that is no UTF-8, dividere field numbers of more than 29 bits.)

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string>
#include <string_view>

#include "dividere.pb.h"
#include "dividere/messaging/detail/envelope_format.hpp"
#include "quiet_protobuf.hpp"
#include "require.hpp"

using fuzz::require;

namespace {

/// With maps in one order, whichever it is.
std::string canonical(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&out);
  }
  return bytes;
}

void decode(std::string_view bytes) {
  const dividere::messaging::ProtoBuffDecoder decoder;
  const dividere::messaging::ProtoBuffEncoder encoder;
  try {
    const auto message = decoder.decode(bytes);
    require(message != nullptr);
    const auto again = decoder.decode(encoder.encode(*message));
    require(again->GetDescriptor() == message->GetDescriptor());
    require(canonical(*again) == canonical(*message));
  } catch (const dividere::Error&) {
  }
}

void open(std::string_view bytes) {
  try {
    const dividere::detail::Envelope opened = dividere::detail::openEnvelope("fuzz", bytes);
    const std::string sealed = dividere::detail::sealEnvelope(opened.type, opened.payload);
    const dividere::detail::Envelope again = dividere::detail::openEnvelope("fuzz", sealed);
    require(again.type == opened.type);
    require(again.payload == opened.payload);

    msgEnvelope protoc;
    if (!protoc.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    const std::string& url = protoc.msg().type_url();
    require(opened.type == (url.empty() ? protoc.msgname() : url.substr(url.rfind('/') + 1)));
    require(opened.payload == protoc.msg().value());
  } catch (const dividere::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  decode(bytes);
  open(bytes);
  return 0;
}
