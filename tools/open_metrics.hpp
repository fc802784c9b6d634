// The figures of a look, in OpenMetrics' text format, for Prometheus.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "survey.hpp"

namespace tool {

std::string openMetricsOf(const std::vector<Seen>& all);

}  // namespace tool
