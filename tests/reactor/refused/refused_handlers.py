#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles refused_handlers.cpp, which must fail, in the words that it asks for and at the lines where it asks for them.

    refused_handlers.py c++ -std=c++17 -I... ...    the compiler and its arguments, without the source
"""

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".cpp")


def main() -> int:
    wanted = {}
    for number, line in enumerate(SOURCE.read_text(encoding="utf-8").splitlines(), 1):
        says = re.search(r"// says: (.*)", line)
        if says and ";" in line.split("//")[0]:
            wanted[number] = says.group(1).strip()
    done = subprocess.run([*sys.argv[1:], "-fsyntax-only", str(SOURCE)], capture_output=True, text=True, check=False)
    faults = [] if done.returncode else ["it compiles"]
    for number, text in wanted.items():
        if f"{SOURCE.name}:{number}:" not in done.stderr:
            faults.append(f"line {number} is not refused")
        if text not in done.stderr:
            faults.append(f"line {number}: nobody says: {text}")
    errors = re.findall(r".*error: .*", done.stderr)
    others = [error for error in errors if "dividere: " not in error]
    faults += [f"not in the library's own words: {error}" for error in others]
    if len(errors) - len(others) < len(wanted):
        faults.append(f"{len(wanted)} lines are refused in {len(errors) - len(others)} messages of the library's own")
    print("\n".join(faults) or f"{len(wanted)} lines are refused in words")
    if faults:
        print(done.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
