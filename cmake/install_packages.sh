#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# install_packages.sh <Debian package>...: installs those that are missing; does nothing if none is.
# Without names: what it takes to build and test dividere.
#
# install_packages.sh --optional <Debian package>...: the same, but where that fails, as an older release does not have them, it
# says so and goes on.
set -euo pipefail

if [ "${1:-}" = --optional ]; then
  shift
  bash "${BASH_SOURCE[0]}" "$@" || echo "Not installed, and what needs it is left out: one or more of $*" >&2
  exit 0
fi

packages=("$@")
if [ ${#packages[@]} -eq 0 ]; then
  packages=(g++ cmake ninja-build ccache pkg-config
            libzmq3-dev libprotobuf-dev protobuf-compiler
            libczmq-dev doctest-dev python3 python3-zmq python3-protobuf)
fi

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  echo "This is neither Debian nor Ubuntu, so nothing is installed. What is needed has these names there:" >&2
  echo "    ${packages[*]}" >&2
  echo "Install them as your system does; going on as if they were here." >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "Packages are missing, and installing them takes root, which sudo would give. As root, type:" >&2
    echo "    apt-get update && apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
