// Who may use the HTTP server: programs of this host, and pages that it has made itself.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <string>

namespace tool {

/// Whether a request with this Host header means this server by a name that it goes by: another one comes from a page of
/// somebody else whose name was made to point here (DNS rebinding). `host` is what the server was told to bind; its port is not looked at.
bool isOwnHost(const std::string& header, const std::string& host);

/// Whether a page with this Origin may do more than look: none (no browser), or the server's own.
bool isOwnOrigin(const std::string& origin, const std::string& hostHeader);

}  // namespace tool
