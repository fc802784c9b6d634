#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds and runs the tests; on a fresh Debian or Ubuntu it first installs what is missing.
#
#   bash tests/run.sh                                                             into build/
#   BUILD_DIR=build/asan bash tests/run.sh -DDIVIDERE_SANITIZE=address,undefined
#   BUILD_DIR=build/clang bash tests/run.sh -DCMAKE_CXX_COMPILER=clang++
#
# Arguments go to cmake. CTEST_ARGS goes to ctest: CTEST_ARGS='-R split.core' bash tests/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_dir=${BUILD_DIR:-build}
read -r -a ctest_args <<< "${CTEST_ARGS:-}"

bash cmake/install_packages.sh
# For the program dividere:
bash cmake/install_packages.sh --optional libcli11-dev libprotoc-dev libcpp-httplib-dev libncurses-dev
cmake -G Ninja -S . -B "$build_dir" -DDIVIDERE_BUILD_TESTS=ON "$@"
cmake --build "$build_dir"
cd "$build_dir"
ctest --output-on-failure --parallel 2 "${ctest_args[@]}"
