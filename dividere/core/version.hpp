#pragma once

/// The one place that states dividere's version; CMake reads it from here.
#define DIVIDERE_VERSION_MAJOR 0
#define DIVIDERE_VERSION_MINOR 1
#define DIVIDERE_VERSION_PATCH 0

namespace dividere {

/// "0.1.0": the version this program was compiled with.
constexpr const char* kVersion = "0.1.0";

}  // namespace dividere
