# SPDX-License-Identifier: MIT
#
# tests/fuzz/<name>_fuzz.cpp define LLVMFuzzerTestOneInput. In ctest each runs for half a minute at most,
# from the inputs in tests/fuzz/corpus/<name> if there are any. To go on for longer:
#   build/fuzz/tests/<name>_fuzz build/fuzz/tests/corpus/<name>
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR
    "DIVIDERE_FUZZ needs libFuzzer, which comes with clang; this is ${CMAKE_CXX_COMPILER_ID}.\n"
    "Configure another folder: BUILD_DIR=build/fuzz tests/run.sh -DCMAKE_CXX_COMPILER=clang++ -DDIVIDERE_FUZZ=ON")
endif()

# The library is compiled again: libFuzzer steers by the branches it sees taken inside it.
add_library(dividere_fuzzed STATIC ${PROJECT_SOURCE_DIR}/cmake/dividere.cpp)
target_include_directories(dividere_fuzzed PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(dividere_fuzzed PUBLIC dividere::libzmq protobuf::libprotobuf Threads::Threads)
target_compile_features(dividere_fuzzed PUBLIC cxx_std_17)
target_compile_options(dividere_fuzzed PUBLIC
  -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
target_link_options(dividere_fuzzed PUBLIC -fsanitize=address,undefined)

file(GLOB sources CONFIGURE_DEPENDS fuzz/*_fuzz.cpp)
foreach(source IN LISTS sources)
  get_filename_component(target ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name ${target})
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE dividere_fuzzed dividere_test_protos)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  dividere_strict_warnings(${target})

  # libFuzzer adds what it finds to the first folder, and only reads the others.
  set(corpus ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name})
  file(MAKE_DIRECTORY ${corpus})
  set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  if(NOT IS_DIRECTORY ${seeds})
    set(seeds "")
  endif()
  add_test(NAME fuzz.${name} COMMAND ${target} -runs=200000 -max_total_time=30 -timeout=10 ${corpus} ${seeds})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300)
endforeach()
