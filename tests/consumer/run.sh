#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds and runs a small program in each of the ways that users do, with warnings as errors in dividere.
#
#   bash tests/consumer/run.sh            every way, gcc and clang, C++17 to 23
#   bash tests/consumer/run.sh --quick    each of the common ways once
#   bash tests/consumer/run.sh <way>...   those alone (drop_in, no_rtti, ...), with every compiler
#
# One line a case: PASS, SKIP, or FAIL with what the compiler said. Works in WORK_DIR (build/consumer).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${WORK_DIR:-$root/build/consumer}
strict="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Werror"
parallel=${PARALLEL:-2}
ccache=$(command -v ccache || true)

rm -rf "$work"
mkdir -p "$work/logs" "$work/generated"
protoc --cpp_out="$work/generated" -I"$here" greeting.proto

# --- Building with a command line

# compile <compiler> <standard> <object> <source> <flag>...
compile() {
  local compiler=$1 standard=$2 object=$3 source=$4
  shift 4
  # shellcheck disable=SC2046,SC2086  # flags are words
  $ccache "$compiler" -std=c++"$standard" -isystem "$work/generated" "$@" \
    $(pkg-config --cflags libzmq protobuf) -c "$source" -o "$object"
}

# link_and_run <compiler> <folder> <flag>...: all objects of the folder, with what dividere needs
link_and_run() {
  local compiler=$1 folder=$2
  shift 2
  # shellcheck disable=SC2046
  "$compiler" "$folder"/*.o -o "$folder/consumer" "$@" $(pkg-config --libs libzmq protobuf) -pthread -ldl
  "$folder/consumer"
}

# The header is copied next to the sources of a project; one of them defines the macro.
drop_in() {
  local compiler=$1 standard=$2 folder=$3
  cp "$here"/{main,exchange,implementation}.cpp "$here"/exchange.hpp "$root/single_include/dividere.hpp" "$folder"
  for source in main exchange implementation; do
    # shellcheck disable=SC2086
    compile "$compiler" "$standard" "$folder/$source.o" "$folder/$source.cpp" $strict -I"$folder" -O2
  done
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  link_and_run "$compiler" "$folder"
}

# The implementation in four sources, each of which makes a part of it.
in_parts() {
  local compiler=$1 standard=$2 folder=$3 header=$4
  local include=$root
  [ "$header" = spine ] || include=$root/single_include
  for part in 1 2 3 4; do
    printf '#define DIVIDERE_IMPLEMENTATION_PART %d\n#include "dividere.hpp"\n' $part > "$folder/part$part.cpp"
  done
  # shellcheck disable=SC2086
  {
    for source in "$here"/{main,exchange}.cpp "$folder"/part{1,2,3,4}.cpp; do
      compile "$compiler" "$standard" "$folder/$(basename "$source" .cpp).o" "$source" $strict -I"$include" -I"$here"
    done
  }
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  # All of them, whether the program needs them or not: nothing may be missing, and nothing be there twice.
  link_and_run "$compiler" "$folder"
}

# The macro comes after a first include, between others, or stays for a second.
macro_late() {
  local compiler=$1 standard=$2 folder=$3 header=$4 order=$5
  local include=$root
  [ "$header" = spine ] || include=$root/single_include
  # shellcheck disable=SC2086
  {
    compile "$compiler" "$standard" "$folder/main.o" "$here/main.cpp" $strict
    compile "$compiler" "$standard" "$folder/exchange.o" "$here/exchange.cpp" $strict -I"$include"
    compile "$compiler" "$standard" "$folder/$order.o" "$here/macro_late/$order.cpp" $strict -I"$include"
  }
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  link_and_run "$compiler" "$folder"
}

# The checks of libstdc++ are on.
assertions() {
  local compiler=$1 standard=$2 folder=$3
  # shellcheck disable=SC2086
  for source in main exchange implementation; do
    compile "$compiler" "$standard" "$folder/$source.o" "$here/$source.cpp" $strict -I"$root/single_include" \
      -D_GLIBCXX_ASSERTIONS
  done
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc" -D_GLIBCXX_ASSERTIONS
  link_and_run "$compiler" "$folder"
}

# All of the program in one source, protoc's included.
unity() {
  local compiler=$1 standard=$2 folder=$3
  compile "$compiler" "$standard" "$folder/unity.o" "$here/unity.cpp" -I"$root/single_include"
  link_and_run "$compiler" "$folder"
}

# The user's sources are compiled without RTTI; dividere is, too, or has it.
no_rtti() {
  local compiler=$1 standard=$2 folder=$3 library=$4
  local rtti=-frtti
  [ "$library" = with_rtti ] || rtti=-fno-rtti
  # shellcheck disable=SC2086
  {
    compile "$compiler" "$standard" "$folder/main.o" "$here/no_rtti/main.cpp" $strict -I"$root/single_include" -fno-rtti
    compile "$compiler" "$standard" "$folder/exchange.o" "$here/exchange.cpp" $strict -I"$root/single_include" -fno-rtti
    compile "$compiler" "$standard" "$folder/implementation.o" "$here/implementation.cpp" $strict \
      -I"$root/single_include" $rtti
  }
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc" -fno-rtti
  link_and_run "$compiler" "$folder"
}

# The user's sources are compiled without exceptions; dividere has them.
no_exceptions() {
  local compiler=$1 standard=$2 folder=$3
  # shellcheck disable=SC2086
  {
    for source in main exchange; do
      compile "$compiler" "$standard" "$folder/$source.o" "$here/$source.cpp" $strict -I"$root/single_include" \
        -fno-exceptions
    done
    compile "$compiler" "$standard" "$folder/implementation.o" "$here/implementation.cpp" $strict \
      -I"$root/single_include"
  }
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc" -fno-exceptions
  link_and_run "$compiler" "$folder"
}

# Two shared objects of one process, each with a dividere of its own; their symbols are seen by others, or not.
shared_objects() {
  local compiler=$1 standard=$2 folder=$3 visibility=$4
  mkdir "$folder/plugin"
  # shellcheck disable=SC2086
  {
    compile "$compiler" "$standard" "$folder/main.o" "$here/shared_objects/main.cpp" $strict
    compile "$compiler" "$standard" "$folder/plugin/plugin.o" "$here/shared_objects/plugin.cpp" $strict \
      -I"$root/single_include" -fPIC -fvisibility="$visibility"
  }
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  # The message is the program's: protobuf registers each once a process.
  # shellcheck disable=SC2046
  for plugin in one other; do
    "$compiler" -shared "$folder/plugin/plugin.o" -o "$folder/$plugin.so" $(pkg-config --libs libzmq protobuf) -pthread -ldl
  done
  # shellcheck disable=SC2046
  "$compiler" "$folder"/*.o -o "$folder/consumer" -rdynamic $(pkg-config --libs protobuf) -ldl -pthread
  "$folder/consumer" "$folder/one.so" "$folder/other.so"
}

# Calls are awaited, in a source of C++20 beside those of C++17.
coroutines() {
  local compiler=$1 standard=$2 folder=$3
  # shellcheck disable=SC2086
  {
    compile "$compiler" "$standard" "$folder/coroutines.o" "$here/coroutines.cpp" $strict -I"$root/single_include"
    compile "$compiler" 17 "$folder/implementation.o" "$here/implementation.cpp" $strict -I"$root/single_include"
  }
  compile "$compiler" 17 "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  link_and_run "$compiler" "$folder"
}

# protobuf's later majors, as far as dividere can tell: compiled only.
later_protobuf() {
  local compiler=$1 standard=$2 folder=$3
  # shellcheck disable=SC2086
  for source in later_protobuf/user implementation; do
    compile "$compiler" "$standard" "$folder/$(basename "$source").o" "$here/$source.cpp" $strict \
      -I"$here/later_protobuf" -I"$root/single_include"
  done
}

# first_block <language> <heading>: the first block of that language below that heading of README. It is read to its end:
# who writes to a reader that has left fails, under pipefail.
first_block() {
  awk -v opening="\`\`\`$1" -v heading="$2" '
    $0 == heading { below = 1 }
    inside && $0 == "```" { inside = 0; below = 0 }
    inside
    below && $0 == opening { inside = 1 }' "$root/README.md"
}

# README's commands for one file, as they stand, with its first program.
by_hand() {
  local compiler=$1 folder=$3
  cp "$root/single_include/dividere.hpp" "$root/examples/clientMsgs.proto" "$folder"
  first_block cpp "# dividere" | sed '/define DIVIDERE_IMPLEMENTATION/d' > "$folder/program.cpp"
  first_block sh "### One file, by hand" > "$folder/commands"
  grep -q ' -o program ' "$folder/commands"
  cd "$folder"
  # With ccache in place of the compiler, where it is there.
  PATH=/usr/lib/ccache:$PATH bash -ec "g++() { command $compiler \"\$@\"; }; . ./commands"
  [ "$(./program)" = "got abcd" ]
}

# dividere.cppm: its list is whole, good C++ with any compiler, and a module where the compiler has modules.
module() {
  local compiler=$1 standard=$2 folder=$3
  python3 -B "$here/module/exports_test.py" "$root"
  sed -e '/^module;/d' -e '/^export module/d' -e 's/^export //' "$root/dividere.cppm" > "$folder/module.cpp"
  # shellcheck disable=SC2086
  compile "$compiler" "$standard" "$folder/module.o" "$folder/module.cpp" $strict -I"$root/single_include"
  [ "$compiler" = clang++ ] || return 0
  # shellcheck disable=SC2046
  clang++ -std=c++20 -x c++-module --precompile "$root/dividere.cppm" -o "$folder/dividere.pcm" -I"$root/single_include" \
    $(pkg-config --cflags libzmq protobuf)
}

# The installed library, without CMake.
pkg_config() {
  local compiler=$1 standard=$2 folder=$3
  export PKG_CONFIG_PATH=$prefix_pc
  for source in main exchange; do
    # shellcheck disable=SC2046,SC2086
    compile "$compiler" "$standard" "$folder/$source.o" "$here/$source.cpp" $strict $(pkg-config --cflags dividere)
  done
  compile "$compiler" "$standard" "$folder/greeting.o" "$work/generated/greeting.pb.cc"
  # shellcheck disable=SC2046
  link_and_run "$compiler" "$folder" $(pkg-config --libs dividere)
}

# --- Building with CMake

# configure_and_build <compiler> <standard> <source folder> <build folder> <flag>...
configure_and_build() {
  local compiler=$1 standard=${2/2b/23} source=$3 folder=$4
  shift 4
  cmake -G Ninja -S "$source" -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_COMPILER_LAUNCHER="$ccache" \
    -DCMAKE_CXX_STANDARD="$standard" -DSTRICT="${strict// /;}" "$@"
  cmake --build "$folder" -- -j1  # cases run beside each other already
}

submodule() {
  local compiler=$1 standard=$2 folder=$3
  configure_and_build "$compiler" "$standard" "$here/submodule" "$folder" -DDIVIDERE_DIR="$root"
  "$folder/consumer"
  "$folder/consumer_of_header"
}

installed() {
  local compiler=$1 standard=$2 folder=$3
  local version
  version=$(PKG_CONFIG_PATH=$prefix_pc pkg-config --modversion dividere)
  configure_and_build "$compiler" "$standard" "$here/installed" "$folder" \
    -DCMAKE_PREFIX_PATH="$prefix" -DDIVIDERE_VERSION="$version"
  "$folder/consumer"
  "$folder/consumer_of_header"
}

# install_library <folder>: what the two ways above start from. It is moved once, as packages are.
prefix=$work/prefix
prefix_pc=$prefix/lib/pkgconfig
install_library() {
  configure_and_build g++ 17 "$root" "$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib \
    -DDIVIDERE_BUILD_TESTS=OFF -DDIVIDERE_BUILD_TOOL=OFF -DDIVIDERE_BUILD_EXAMPLES=OFF
  cmake --install "$1" --prefix "$work/unpacked"
  mv "$work/unpacked" "$prefix"
  test -f "$prefix/include/dividere.hpp"
  test -f "$prefix/share/dividere/dividere.proto"
  # glibc before 2.34 has a library of its own for dladdr(), which later ones do not miss.
  [[ " $(PKG_CONFIG_PATH=$prefix_pc pkg-config --libs dividere) " == *" -ldl "* ]]
  grep -E 'INTERFACE_LINK_LIBRARIES .*;dl("|;)' "$prefix/lib/cmake/dividere/dividereTargets.cmake"
}

# --- Running the cases

# try_case <way> <compiler> <standard> <argument>...: runs one case in a folder of its own
try_case() {
  local way=$1 compiler=$2 standard=$3
  shift 3
  local title="$way $compiler c++$standard${*:+ $*}"
  local name=${title// /_}
  if ! command -v "$compiler" > /dev/null; then
    echo "SKIP  $title: there is no $compiler"
    return
  fi
  mkdir -p "$work/$name"
  local status=0
  "$way" "$compiler" "$standard" "$work/$name" "$@" > "$work/logs/$name" 2>&1 &
  wait $! || status=$?  # an if or || around the case itself would switch off its set -e
  if [ $status -eq 0 ]; then
    echo "PASS  $title"
  else
    printf 'FAIL  %s\n%s\n' "$title" "$(sed 's/^/      /' "$work/logs/$name" | tail -n 40)"
    touch "$work/failed"
  fi
}

# start <arguments of try_case>: beside at most one other
start() {
  [[ -z $ways || " $ways " == *" $1 "* ]] || return 0
  while [ "$(jobs -rp | wc -l)" -ge $parallel ]; do
    wait -n || true
  done
  try_case "$@" &
}

quick_cases() {
  start submodule g++ 17
  start drop_in g++ 17
  start drop_in clang++ 20
  start by_hand g++ 17
  start in_parts g++ 17 single_include
  start module clang++ 20
  start coroutines g++ 20
  start later_protobuf g++ 17
  for order in after between twice; do
    start macro_late g++ 17 single_include "$order"
  done
  start installed g++ 17
  start pkg_config g++ 17
}

all_cases() {
  for standard in 17 20 2b; do
    start drop_in g++ "$standard"
    start drop_in clang++ "$standard"
    for compiler in g++ clang++; do
      start assertions "$compiler" "$standard"
      start unity "$compiler" "$standard"
    done
  done
  for compiler in g++ clang++; do
    start later_protobuf "$compiler" 17
    start no_exceptions "$compiler" 17
    start coroutines "$compiler" 20
    for library in with_rtti without_rtti; do
      start no_rtti "$compiler" 17 "$library"
    done
    for visibility in default hidden; do
      start shared_objects "$compiler" 17 "$visibility"
    done
  done
  for header in single_include spine; do
    for order in after between twice; do
      start macro_late g++ 17 "$header" "$order"
      start macro_late clang++ 20 "$header" "$order"
    done
  done
  for way in submodule installed; do
    start "$way" g++ 17
    start "$way" clang++ 2b
  done
  start pkg_config g++ 17
  start pkg_config clang++ 20
  for compiler in g++ clang++; do
    start by_hand "$compiler" 17
    start in_parts "$compiler" 17 single_include
    start in_parts "$compiler" 17 spine
    start module "$compiler" 20
  done
}

ways=
case "${1:-}" in
  --quick | "") ;;
  -*) echo "Unknown argument $1; type: bash tests/consumer/run.sh [--quick | <way>...]" >&2; exit 2 ;;
  *) ways=$* ;;
esac

status=0
install_library "$work/library" > "$work/logs/install" 2>&1 &
wait $! || status=$?
if [ $status -ne 0 ]; then
  cat "$work/logs/install"
  echo "FAIL  install: the library does not build or install, so the rest was not tried"
  exit 1
fi
echo "PASS  install"

case "${1:-}" in
  --quick) quick_cases ;;
  *) all_cases ;;
esac
wait

if [ -e "$work/failed" ]; then
  echo "Some ways of using dividere are broken; each FAIL above ends with the reason. Whole logs: $work/logs"
  exit 1
fi
