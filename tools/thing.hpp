// What a look has shown, for people and for programs.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "output.pb.h"
#include "survey.hpp"

namespace tool {

dividere::tool::Thing thingOf(const Seen& seen);

/// Which process uses which of them.
std::vector<dividere::tool::Edge> edgesOf(const std::vector<Seen>& all);

/// "name (kind) at endpoint"
std::string shownSource(const Seen& seen);

/// "Add(demo.Numbers) returns demo.Sum"
std::string shownMethod(const dividere::Description::Method& method);

/// "program 4711 on host"; empty if it does not say.
std::string processOf(const Seen& seen);

}  // namespace tool
