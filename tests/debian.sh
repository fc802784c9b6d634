#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Tries what is committed on other releases of Debian, with the compilers, the CMake and the protobuf that they have. Each is a
# chroot that debootstrap makes once, in CHROOTS (/var/tmp/dividere_chroots): as root, some 2 GB and half an hour a release.
#
#   bash tests/debian.sh bullseye trixie sid
#   bash tests/debian.sh experimental           sid, with protobuf and CMake of experimental, where they are newer
#   COMPILERS="g++-14 clang-19" bash tests/debian.sh sid          with these, too
#
# In each: the examples as a newcomer runs them, the header with every compiler and standard that is there, warnings being
# errors, the ways of using the library, and the tests. It prints a line for each; all else is in CHROOTS/<release>.log.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
chroots=${CHROOTS:-/var/tmp/dividere_chroots}
mirror=${MIRROR:-http://deb.debian.org/debian}

# --- Inside of a release: what it prints goes to the log, and what is said to 3 to whoever waits

# try <title> <command>...
try() {
  local title=$1 verdict=PASS began=$SECONDS status=0
  shift
  printf '\n=== %s\n' "$title"
  "$@" < /dev/null || status=$?
  if [ $status -ne 0 ]; then
    verdict=FAIL
    failed=yes
  fi
  printf '%s  %s, %d s\n' $verdict "$title" $((SECONDS - began)) | tee -a /dev/fd/3
}

# Without optimisation some warnings never come, but with it a compiler takes a minute: so with one standard.
compile_header() {
  local compiler=$1 standard=$2 flags=-fsyntax-only
  [ "$standard" != 17 ] || flags="-O2 -c -o build/header.o"
  printf '#define DIVIDERE_IMPLEMENTATION\n#include "dividere.hpp"\n' > build/header.cpp
  # shellcheck disable=SC2046,SC2086  # flags are words
  "$compiler" -std=c++"$standard" -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast \
    -Werror $flags -Isingle_include $(pkg-config --cflags libzmq protobuf) build/header.cpp
}

try_header() {
  local compiler standard
  for compiler in $(find /usr/bin -regextype egrep -regex '.*/(g|clang)\+\+-[0-9]+' -printf '%f\n' | sort -V); do
    for standard in 17 20 23 26; do
      ! "$compiler" -std=c++$standard -fsyntax-only -x c++ /dev/null 2> /dev/null ||
        try "header, $compiler, C++$standard" compile_header "$compiler" $standard
    done
  done
}

inside() {
  failed=
  export LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
  cd /dividere
  mkdir -p build
  try "examples" bash examples/run.sh
  try "packages" bash cmake/install_packages.sh
  # shellcheck disable=SC2086  # names are words
  try "compilers" bash cmake/install_packages.sh g++ clang ${COMPILERS:-}
  echo "      $(cmake --version | head -n 1), libzmq $(pkg-config --modversion libzmq), $(protoc --version)" | tee -a /dev/fd/3
  try_header
  try "ways of using it" bash tests/consumer/run.sh --quick
  try "tests" bash tests/run.sh -DDIVIDERE_TEST_CONSUMERS=OFF -DDIVIDERE_BUILD_EXAMPLES=OFF
  [ -z "$failed" ]
}

# --- Around it

make_chroot() {
  local release=$1 folder=$chroots/$1
  [ ! -e "$folder.made" ] || return 0
  rm -rf "$folder"
  debootstrap --variant=minbase --include=ca-certificates,git "${release/experimental/sid}" "$folder" "$mirror"
  echo 'Acquire::Check-Valid-Until "false";' > "$folder/etc/apt/apt.conf.d/90mirror"  # a mirror may be behind
  if [ "$release" = experimental ]; then
    echo "deb $mirror experimental main" > "$folder/etc/apt/sources.list.d/experimental.list"
    # These alone: what else is there may not fit them, as abseil.
    printf 'Package: src:protobuf src:cmake\nPin: release a=experimental\nPin-Priority: 500\n' \
      > "$folder/etc/apt/preferences.d/experimental"
  fi
  touch "$folder.made"
}

try_release() {
  local folder=$chroots/$1
  rm -rf "$folder/dividere"
  git clone --quiet "$root" "$folder/dividere"
  cp /etc/resolv.conf "$folder/etc/resolv.conf"
  [ -e "$folder/etc/hosts" ] || echo "127.0.0.1 localhost" > "$folder/etc/hosts"
  # Mounts and processes of its own: nothing is left behind.
  unshare --mount --pid --fork bash -ec '
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    exec chroot "$0" bash /dividere/tests/debian.sh --inside' "$folder"
}

if [ "${1:-}" = --inside ]; then
  inside
  exit
fi
if [ $# -eq 0 ]; then
  echo "Which releases? Type: bash tests/debian.sh bullseye trixie sid" >&2
  exit 2
fi
bash "$root/cmake/install_packages.sh" debootstrap git util-linux
mkdir -p "$chroots"
status=0
for release in "$@"; do
  echo "--- $release: $chroots/$release.log"
  make_chroot "$release" > "$chroots/$release.log" 2>&1
  try_release "$release" 3>&1 >> "$chroots/$release.log" 2>&1 || status=1
done
exit $status
