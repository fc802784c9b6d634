// Looks at a folder of keys (doc/security.md).
//
// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <string>

#include "output.pb.h"

namespace tool {

using Find = std::function<void(const dividere::tool::Finding&)>;

/// Tells of the program's own certificate, and of each file beside it that nobody can use.
void checkKeys(const std::string& directory, const Find& find);

dividere::tool::Finding finding(const std::string& what, const std::string& verdict, const std::string& says);

}  // namespace tool
