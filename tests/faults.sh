#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Load balancing while workers and brokers are killed and paused: no request may be lost, answered wrongly, or answered
# twice. Builds what it takes; on a fresh Debian or Ubuntu it first installs what is missing.
#
#   bash tests/faults.sh           10,000 requests, a worker killed every 100 ms; one restart of the broker; pauses
#   bash tests/faults.sh --full    100,000 requests and at least 100 kills; 20 restarts; more pauses
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_dir=${BUILD_DIR:-build}
bash cmake/install_packages.sh
cmake -G Ninja -S . -B "$build_dir" -DDIVIDERE_BUILD_TESTS=ON
cmake --build "$build_dir" --target dividere_fault_test

fault() {  # <kind> <requests> <arguments of check.py>...
  local kind=$1 requests=$2 history=$build_dir/faults_$1.csv
  shift 2
  echo "$kind: $requests requests; the history is in $history"
  "$build_dir/tests/dividere_fault_test" "$kind" "$requests" "$history"
  python3 tests/balancing/fault/check.py "$history" "$requests" "$@"
}

if [ "${1:-}" = --full ]; then
  fault workers 100000 --rate 1000 --faults 100
  fault restarts 200000 --rate 1000 --faults 20
  fault pauses 100000 --faults 20
else
  fault workers 10000 --rate 1000 --faults 3
  fault restarts 10000
  fault pauses 10000
fi
echo "All requests have had their one outcome."
