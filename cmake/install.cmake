# SPDX-License-Identifier: MIT
#
# The install target: the header, the library, the .proto, and what CMake and pkg-config need to find
# them. Everything is relative, so that the result can be moved.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dividere)

install(FILES single_include/dividere.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES dividere.cppm DESTINATION ${CMAKE_INSTALL_DATADIR}/dividere)
install(FILES proto/dividere.proto DESTINATION ${CMAKE_INSTALL_DATADIR}/dividere)

set_target_properties(dividere_header PROPERTIES EXPORT_NAME header)
install(TARGETS dividere dividere_header EXPORT dividereTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT dividereTargets NAMESPACE dividere:: DESTINATION ${package_dir})

# Before 1.0 a new minor version may break what used the last.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dividereConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  cmake/dividereConfig.cmake
  cmake/dividereDependencies.cmake
  cmake/dividereProtos.cmake
  ${PROJECT_BINARY_DIR}/dividereConfigVersion.cmake
  DESTINATION ${package_dir})

file(RELATIVE_PATH dividere_prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(dividere_dl_libs "")
foreach(library IN LISTS CMAKE_DL_LIBS)
  string(APPEND dividere_dl_libs "-l${library} ")
endforeach()
string(STRIP "${dividere_dl_libs}" dividere_dl_libs)
configure_file(cmake/dividere.pc.in ${PROJECT_BINARY_DIR}/dividere.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dividere.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
