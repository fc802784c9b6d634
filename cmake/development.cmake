# SPDX-License-Identifier: MIT
#
# What those who work on dividere need, and those who use it should not meet.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)  # for clang-tidy and editors

if(NOT CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 17)  # also where the compiler's default is later: 17 is what is promised
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(DIVIDERE_CCACHE ccache)
if(DIVIDERE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DIVIDERE_CCACHE})
endif()

if(DIVIDERE_SANITIZE)
  # Without no-sanitize-recover the undefined behaviour sanitizer prints, and the test passes.
  add_compile_options(-fsanitize=${DIVIDERE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${DIVIDERE_SANITIZE})
  if(DIVIDERE_SANITIZE STREQUAL "thread")
    # By gcc's own name for it protobuf's headers lay out maps in a way that the system's libprotobuf does not.
    add_compile_options(-U__SANITIZE_THREAD__)
    add_compile_definitions(DIVIDERE_THREAD_SANITIZER=1)
  endif()
endif()
