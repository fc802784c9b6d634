// Any text may be given for an endpoint, also by a registry that tells of a service. Whatever it is:
//   - nothing but dividere::Error is thrown, and its text is short;
//   - what is taken to connect has no asterisk, and no space, null byte or line break for libzmq to stumble over;
//   - an endpoint that is written out again is taken again, for the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string>

#include "dividere/connection/detail/endpoint.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

namespace {

void parse(const std::string& text, bool bind) {
  try {
    const detail::Endpoint endpoint = detail::parseEndpoint("fuzz", text, bind);
    const std::string written = endpoint.str();
    require(std::none_of(written.begin(), written.end(),
                         [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; }));
    if (!bind && endpoint.transport == detail::Transport::tcp) {
      require(endpoint.port != 0);
      require(written.find('*') == std::string::npos);
    }
    const detail::Endpoint again = detail::parseEndpoint("fuzz", written, bind);
    require(again.transport == endpoint.transport && again.address == endpoint.address && again.port == endpoint.port);
    require(again.str() == written);
  } catch (const dividere::Error& error) {
    require(std::string(error.what()).size() < 1000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  parse(text, false);
  parse(text, true);
  return 0;
}
