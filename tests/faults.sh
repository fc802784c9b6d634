#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Load balancing and calls while workers, brokers and services are killed and paused: no request may be lost, answered
# wrongly, or answered twice. Builds what it takes; on a fresh Debian or Ubuntu it first installs what is missing.
#
#   bash tests/faults.sh           10,000 requests, a worker killed every 100 ms; one restart of the broker; pauses;
#                                  2 times 100,000 calls, 512 at a time, some too late, some cancelled
#   bash tests/faults.sh --full    100,000 requests and at least 100 kills; 20 restarts; more pauses; 2 times 1,000,000 calls
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_dir=${BUILD_DIR:-build}
bash cmake/install_packages.sh
cmake -G Ninja -S . -B "$build_dir" -DDIVIDERE_BUILD_TESTS=ON
cmake --build "$build_dir" --target dividere_fault_test dividere_calls_fault_test

fault() {  # <kind> <requests> <arguments of check.py>...
  local kind=$1 requests=$2 history=$build_dir/faults_$1.csv
  shift 2
  echo "$kind: $requests requests; the history is in $history"
  "$build_dir/tests/dividere_fault_test" "$kind" "$requests" "$history"
  python3 tests/balancing/fault/check.py "$history" "$requests" "$@"
}

calls() {  # <broker or services> <calls> <milliseconds between kills>
  echo "calls, $1:"
  "$build_dir/tests/dividere_calls_fault_test" "$@"
}

if [ "${1:-}" = --full ]; then
  fault workers 100000 --rate 1000 --faults 100
  fault restarts 200000 --rate 1000 --faults 20
  fault pauses 100000 --faults 20
  calls broker 1000000 300
  calls services 1000000 100
else
  fault workers 10000 --rate 1000 --faults 3
  fault restarts 10000
  fault pauses 10000
  calls broker 100000 300
  calls services 100000 100
fi
echo "All requests have had their one outcome."
