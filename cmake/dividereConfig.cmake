# SPDX-License-Identifier: MIT
#
# find_package(dividere) gives dividere::dividere, the compiled library, and dividere::header, the
# single header for programs that define DIVIDERE_IMPLEMENTATION themselves; and dividere_add_protos().
include("${CMAKE_CURRENT_LIST_DIR}/dividereDependencies.cmake")
if(dividere_MISSING)
  set(dividere_FOUND FALSE)
  set(dividere_NOT_FOUND_MESSAGE "${dividere_MISSING}")
  return()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/dividereTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/dividereProtos.cmake")
