// A certificate's file may hold anything. Whatever it is:
//   - nothing but dividere::Error is thrown, and its text is short;
//   - what is taken for a key is one that libzmq takes for a key, too.

#include <zmq.h>
#include <cstddef>
#include <cstdint>

#include <dividere.hpp>
#include <string>
#include <string_view>

#include "dividere/connection/detail/certificate.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

namespace {

/// Whether it says the same after it was made bytes of and text again.
bool isSameForLibzmq(const std::string& key) {
  std::uint8_t bytes[32];
  char text[41];
  return zmq_z85_decode(bytes, key.c_str()) && zmq_z85_encode(text, bytes, sizeof bytes) && key == text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(!detail::isKey(text) || isSameForLibzmq(std::string(text)));
  try {
    const detail::Certificate certificate = detail::parseCertificate("fuzz", text);
    require(isSameForLibzmq(certificate.publicKey));
    require(certificate.secretKey.empty() || isSameForLibzmq(certificate.secretKey));
  } catch (const dividere::Error& error) {
    require(std::string(error.what()).size() < 200);
  }
  return 0;
}
