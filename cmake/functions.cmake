# SPDX-License-Identifier: MIT

# dividere_strict_warnings(<target>): warnings are errors, in what is written here by hand.
function(dividere_strict_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Werror)
endfunction()
