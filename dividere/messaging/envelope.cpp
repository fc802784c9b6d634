#include "envelope.hpp"

#include "detail/codec.hpp"

namespace dividere::messaging {

std::string ProtoBuffEncoder::encode(const google::protobuf::Message& message) const {
  return detail::encodeString("messaging::ProtoBuffEncoder", message);
}

std::unique_ptr<google::protobuf::Message> ProtoBuffDecoder::decode(std::string_view envelope) const {
  return detail::decodeEnvelope("messaging::ProtoBuffDecoder", envelope);
}

void allowTypes(const std::vector<std::string>& fullNames) { detail::allowTypes(fullNames); }

}  // namespace dividere::messaging
