#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the examples and runs them, one after the other, showing what they print; on a fresh Debian or
# Ubuntu it first installs what is missing. Programs that need a peer start it themselves: a *_server or *_service runs
# until it is stopped, and only if it is named.
#
#   bash examples/run.sh                  all of them
#   bash examples/run.sh simple_pub_sub   those named
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The order to read them in; those not named here follow.
order=(simple_pub_sub msg_reactor)

build_dir=${BUILD_DIR:-build/for_examples}

bash cmake/install_packages.sh g++ cmake ninja-build pkg-config libzmq3-dev libprotobuf-dev protobuf-compiler libpng-dev
# For the program dividere, which makes the keys of one:
bash cmake/install_packages.sh --optional libcli11-dev libprotoc-dev libcpp-httplib-dev libncurses-dev
cmake -G Ninja -S . -B "$build_dir" -DDIVIDERE_BUILD_TESTS=OFF -DDIVIDERE_BUILD_EXAMPLES=ON
cmake --build "$build_dir"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  names=("${order[@]}")
  for source in examples/*.cpp; do
    name=$(basename "$source" .cpp)
    [[ "$name" == *_server || "$name" == *_service ]] ||
      [[ " ${order[*]} " == *" $name "* ]] || names+=("$name")
  done
fi

failed=()
ran=0
for name in "${names[@]}"; do
  printf '\n=== %s: examples/%s.cpp\n' "$name" "$name"
  if [ ! -x "$build_dir/examples/$name" ] && [ -e "examples/$name.cpp" ]; then
    echo "SKIPPED: not built here, for the reason that cmake gave above"
    continue
  fi
  if [ "$name" = secure ] && [ ! -x "$build_dir/tools/dividere" ]; then
    echo "SKIPPED: the program dividere, which makes its keys, is not built"
    continue
  fi
  ran=$((ran + 1))
  "$build_dir/examples/$name" || failed+=("$name")
done

if [ ${#failed[@]} -gt 0 ]; then
  printf '\nThese failed: %s\n' "${failed[*]}"
  exit 1
fi
printf '\nAll %d examples ran well.\n' "$ran"
