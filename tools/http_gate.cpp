// SPDX-License-Identifier: MIT

#include "http_gate.hpp"

namespace tool {

static std::string withoutPort(const std::string& header) {
  const auto colon = header.rfind(':');
  if (colon == std::string::npos || header.find(']', colon) != std::string::npos) return header;
  return header.substr(0, colon);
}

bool isOwnHost(const std::string& header, const std::string& host) {
  const auto name = withoutPort(header);
  for (const char* own : {"localhost", "127.0.0.1", "[::1]"}) {
    if (name == own) return true;
  }
  return name == host || host == "0.0.0.0" || host == "::";
}

bool isOwnOrigin(const std::string& origin, const std::string& hostHeader) {
  return origin.empty() || origin == "http://" + hostHeader;
}

}  // namespace tool
