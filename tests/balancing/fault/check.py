#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judges a history that the fault test wrote (fault.cpp says how): every request has one outcome, and the right one.

    check.py <history> <requests> [--rate <a second, before the first fault>] [--faults <at least>]
"""
import argparse
import collections
import statistics
import sys

GAVE_UP = "4"  # an outcome: the request was at too many workers that were killed

parser = argparse.ArgumentParser()
parser.add_argument("history")
parser.add_argument("requests", type=int)
parser.add_argument("--rate", type=float, default=0)
parser.add_argument("--faults", type=int, default=1)
args = parser.parse_args()

sent, done, faults, redispatches = {}, collections.defaultdict(list), [], []
with open(args.history) as history:
    for line in history:
        kind, *fields = line.rstrip("\n").split(",")
        if kind == "sent":
            sent[int(fields[0])] = int(fields[1])
        elif kind == "done":
            done[int(fields[0])].append((int(fields[1]), fields[2], fields[3]))
        elif kind == "fault":
            faults.append(int(fields[0]))
        elif kind == "redispatch":
            redispatches.append(int(fields[0]) / 1000)

wanted = range(args.requests)
outcomes = [outcome for each in done.values() for outcome in each]
lost = [r for r in wanted if not done[r] or done[r][0][1] == "none"]
duplicates = [r for r in wanted if len(done[r]) > 1]
unasked = [r for r in done if done[r] and r not in sent]
wrong = [r for r in wanted for _, kind, value in done[r]
         if kind not in ("none", GAVE_UP) and (kind, value) != ("ok", str(r * r % 1000003))]
gave_up = sum(kind == GAVE_UP for _, kind, _ in outcomes)

rate = 0.0
if faults and sent:
    before = [time for time, _, _ in outcomes if time < faults[0]]
    rate = len(before) / ((faults[0] - min(sent.values())) / 1e6)

print(f"  requests {len(sent)}, lost {len(lost)}, wrong {len(wrong)}, duplicates {len(duplicates)}, "
      f"given up {gave_up}, faults {len(faults)}, before the first {rate:.0f} requests/s")
if redispatches:
    print(f"  from kill -9 to the next worker, {len(redispatches)} times: "
          f"median {statistics.median(redispatches):.2f} ms, worst {max(redispatches):.2f} ms")

problems = []
if len(sent) != args.requests:
    problems.append(f"{args.requests} requests were to be sent")
for name, which in (("lost", lost), ("wrong", wrong), ("duplicates", duplicates), ("never asked", unasked)):
    if which:
        problems.append(f"{name}: {which[:10]}")
if len(faults) < args.faults:
    problems.append(f"the run does not count: fewer faults than {args.faults}")
if rate < args.rate:
    problems.append(f"the run does not count: fewer requests a second than {args.rate:.0f} before the first fault")
for problem in problems:
    print("  FAILED: " + problem)
sys.exit(1 if problems else 0)
