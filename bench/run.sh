#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the benchmarks and runs them, then prints one table, and leaves it as build/bench.csv; on a fresh Debian or Ubuntu
# it first installs what is missing.
#
#   bash bench/run.sh                      all of them, some five minutes
#   bash bench/run.sh --quick              the same with fewer repetitions, under a minute
#   bash bench/run.sh round_trip pub_sub   those named
#   bash bench/run.sh --peers              against NATS, gRPC, NNG and gz-transport, as far as they are installed, some
#                                          five minutes: build/peers.csv, and a picture of it, doc/peers.svg
#
# "ratio" is ours to the baseline of the same line, both measured in turn: times want to be small, rates to be large.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_dir=${BUILD_DIR:-build/for_bench}
order=(codec round_trip pub_sub newcomers bundles dealer proxy broker reactor service calls registry sockets stopping first_message include_cost)

flags=()
names=()
peers=
for argument in "$@"; do
  case $argument in
    --peers) peers=yes ;;
    --*) flags+=("$argument") ;;
    *) names+=("$argument") ;;
  esac
done
csv=${CSV:-build/bench.csv}
[ -z "$peers" ] || { csv=${CSV:-build/peers.csv} && names=(peers/peers); }
[ ${#names[@]} -gt 0 ] || names=("${order[@]}")

bash cmake/install_packages.sh g++ cmake ninja-build pkg-config libzmq3-dev libprotobuf-dev protobuf-compiler \
  libbenchmark-dev cppzmq-dev
mkdir -p "$(dirname "$build_dir")"
cmake -G Ninja -S . -B "$build_dir" -DCMAKE_BUILD_TYPE=Release \
  -DDIVIDERE_BUILD_TESTS=OFF -DDIVIDERE_BUILD_TOOL=OFF -DDIVIDERE_BUILD_EXAMPLES=OFF -DDIVIDERE_BUILD_BENCH=ON > "$build_dir.log" 2>&1 \
  || { cat "$build_dir.log"; exit 1; }
if [ -n "$peers" ]; then
  sed -n 's/^-- bench\/peers: //p' "$build_dir.log" >&2
  cmake --build "$build_dir" --target bench_peers
else
  cmake --build "$build_dir"
fi

mkdir -p "$(dirname "$csv")"
echo 'work,unit,ours,baseline,ratio,reach,reached' > "$csv"
for name in "${names[@]}"; do
  if [ "$name" = include_cost ]; then
    program=(bash bench/include_cost.sh)
  elif [ -x "$build_dir/bench/$name" ]; then
    program=("$build_dir/bench/$name")
  else
    continue
  fi
  echo "measuring: $name" >&2
  "${program[@]}" "${flags[@]}" >> "$csv"
done

awk -F, '
  { for (i = 1; i <= NF; ++i) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
  END {
    for (row = 1; row <= NR; ++row) {
      line = ""
      for (i = 1; i <= 7; ++i) line = line sprintf(i <= 2 ? "%-" width[i] "s  " : "%" width[i] "s  ", cell[row, i])
      sub(/ +$/, "", line)
      print line
    }
  }' "$csv"

[ -z "$peers" ] || python3 bench/peers/plot.py "$csv" doc/peers.svg
