# SPDX-License-Identifier: MIT
#
# cmake -DPROGRAM=<file> -DEXPECTED=<file> -P run_example.cmake: runs the program, and compares what it
# prints with the expected text if there is one.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed RESULT_VARIABLE result)
message("${printed}")
if(NOT result STREQUAL "0")
  message(FATAL_ERROR "${PROGRAM} ended with: ${result}")
endif()
if(EXISTS ${EXPECTED})
  file(READ ${EXPECTED} expected)
  if(NOT printed STREQUAL expected)
    message(FATAL_ERROR
      "${PROGRAM} printed the above, and should have printed:\n\n${expected}\n"
      "Readers follow the examples by their output. If the new output is right, keep it:\n"
      "    ${PROGRAM} > ${EXPECTED}\n")
  endif()
endif()
