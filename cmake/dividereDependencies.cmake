# SPDX-License-Identifier: MIT
#
# Finds what dividere is built on, for its own build and for find_package(dividere) alike:
# dividere::libzmq, protobuf::libprotobuf and Threads::Threads. What is not there is told in
# dividere_MISSING, which is empty if all is well.
set(dividere_MISSING "")

if(NOT TARGET Threads::Threads)
  find_package(Threads QUIET)
endif()
if(NOT TARGET Threads::Threads)
  string(APPEND dividere_MISSING "dividere needs threads, and this compiler cannot link them.\n")
endif()

# libzmq has many names: a target of a project that builds it, the pkg-config module of the
# distributions, the CMake package of vcpkg and Conan. dividere links this one, whichever it is.
if(NOT TARGET dividere::libzmq)
  set(dividere_libzmq "")
  if(NOT TARGET libzmq AND NOT TARGET libzmq-static)
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(dividere_zmq QUIET IMPORTED_TARGET libzmq>=4.2)
    endif()
    if(NOT TARGET PkgConfig::dividere_zmq)
      find_package(ZeroMQ CONFIG QUIET)
    endif()
  endif()
  foreach(candidate libzmq libzmq-static PkgConfig::dividere_zmq)
    if(NOT dividere_libzmq AND TARGET ${candidate})
      set(dividere_libzmq ${candidate})
    endif()
  endforeach()
  if(dividere_libzmq)
    add_library(dividere::libzmq INTERFACE IMPORTED)
    set_target_properties(dividere::libzmq PROPERTIES INTERFACE_LINK_LIBRARIES ${dividere_libzmq})
  else()
    string(APPEND dividere_MISSING
      "dividere needs libzmq 4.2 or later, and neither pkg-config nor CMake finds it.\n"
      "On Debian or Ubuntu: apt-get install pkg-config libzmq3-dev\n")
  endif()
endif()

# From version 22 on, protobuf's own package alone knows which parts of abseil to link. Older ones, as
# distributions build them, have none; CMake's module finds those.
if(NOT TARGET protobuf::libprotobuf)
  find_package(Protobuf CONFIG QUIET)
endif()
if(NOT TARGET protobuf::libprotobuf)
  find_package(Protobuf MODULE QUIET)
endif()
if(NOT TARGET protobuf::libprotobuf)
  string(APPEND dividere_MISSING
    "dividere needs protobuf, and CMake does not find it.\n"
    "On Debian or Ubuntu: apt-get install libprotobuf-dev protobuf-compiler\n")
endif()
