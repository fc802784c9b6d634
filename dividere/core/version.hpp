#pragma once

/// The one place that states dividere's version; CMake reads it from here.
#define DIVIDERE_VERSION_MAJOR 0
#define DIVIDERE_VERSION_MINOR 2
#define DIVIDERE_VERSION_PATCH 0

namespace dividere {

/// "0.2.0": the version this program was compiled with.
inline constexpr const char* kVersion = "0.2.0";

}  // namespace dividere
