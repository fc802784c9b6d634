#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Rows of the table: what it costs a source to include the header, without and with the macro, against protobuf's
# message.h and cppzmq's zmq.hpp. Lines are those the compiler is left with, without empty ones; times are the
# processor's, which other programs disturb least.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

turns=5
[ "${1:-}" = --quick ] && turns=2

work_dir=$(mktemp -d)
trap 'rm -rf "$work_dir"' EXIT
compile=("${CXX:-g++}" -std=c++17 -O2 -Isingle_include)

echo '#include <dividere.hpp>' > "$work_dir/header.cpp"
printf '#define DIVIDERE_IMPLEMENTATION\n#include <dividere.hpp>\n' > "$work_dir/implementation.cpp"
for part in 1 2 3 4; do
  printf '#define DIVIDERE_IMPLEMENTATION_PART %d\n#include <dividere.hpp>\n' $part > "$work_dir/part$part.cpp"
done
echo '#include <google/protobuf/message.h>' > "$work_dir/protobuf.cpp"
echo '#include <zmq.hpp>' > "$work_dir/cppzmq.cpp"

lines_of() { "${compile[@]}" -E -P "$work_dir/$1.cpp" | wc -l; }

# Seconds of processor time.
time_of() {
  local TIMEFORMAT='%U %S'
  { time CCACHE_DISABLE=1 "${compile[@]}" -c "$work_dir/$1.cpp" -o "$work_dir/$1.o"; } 2>&1 | awk '{ printf "%.3f\n", $1 + $2 }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# row <work> <unit> <ours> <baseline> <limit, or nothing>
row() {
  awk -v work="$1" -v unit="$2" -v ours="$3" -v bare="$4" -v limit="${5:-}" 'BEGIN {
    ratio = sprintf("%.2f", ours / bare)
    printf "%s,%s,%s,%s,%s,%s,%s\n", work, unit, ours, bare, ratio,
      limit == "" ? "" : "<= " limit, limit == "" ? "" : (ratio + 0 <= limit + 0 ? "yes" : "no") }'
}

declare -A lines seconds
for name in header implementation protobuf cppzmq; do
  lines[$name]=$(lines_of "$name")
  count=$turns
  [ "$name" = implementation ] && count=1
  for ((i = 0; i < count; ++i)); do time_of "$name"; done > "$work_dir/$name.times"
  seconds[$name]=$(median < "$work_dir/$name.times")
done

for other in protobuf cppzmq; do
  row "include: lines against $other" lines "${lines[header]}" "${lines[$other]}" 1.00
  row "include: compile time against $other" s "${seconds[header]}" "${seconds[$other]}" 1.00
done
row "include with the macro: lines against protobuf" lines "${lines[implementation]}" "${lines[protobuf]}"
row "include with the macro: compile time against protobuf" s "${seconds[implementation]}" "${seconds[protobuf]}"

for part in 1 2 3 4; do time_of "part$part"; done | sort -n > "$work_dir/parts.times"
row "the slowest of four parts: compile time against all in one" s "$(tail -n 1 "$work_dir/parts.times")" "${seconds[implementation]}" 0.50
