#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that dividere.cppm exports every name of the public headers, and no other.

Usage: exports_test.py ROOT
"""

import pathlib
import re
import sys

NAMESPACE = re.compile(r"^(?:export )?namespace (dividere[\w:]*)( \{)?")
DECLARED = [
    re.compile(r"^(?:class|struct|enum class) (\w+)(?: : .*)? \{"),
    re.compile(r"^using (\w+) ="),
    re.compile(r"^(?:inline )?constexpr .*?(\w+) ="),
    re.compile(r"^(?!using|class|struct|template|extern|namespace)[A-Za-z][\w:<>,&* ]*[ &*](\w+)\([^;]*[;{)]"),
]
EXPORTED = re.compile(r"^using (dividere::[\w:]+);")


def declared(header):
    names, namespace = set(), ""
    for line in header.read_text().splitlines():
        if match := NAMESPACE.match(line):
            namespace = match[1]
        elif line.startswith("}  // namespace"):
            namespace = ""
        elif namespace and "detail" not in namespace:
            for pattern in DECLARED:
                if match := pattern.match(line):
                    names.add(f"{namespace}::{match[1]}")
                    break
    return names


def main():
    root = pathlib.Path(sys.argv[1])
    public = set().union(*(declared(header) for header in root.glob("dividere/*/*.hpp")))
    exported = {match[1] for line in (root / "dividere.cppm").read_text().splitlines() if (match := EXPORTED.match(line))}
    if len(public) < 50:
        sys.exit(f"only {len(public)} public names were found, so nothing was tested")
    for name in sorted(public - exported):
        print(f"dividere.cppm does not export {name}. Add: using {name};")
    for name in sorted(exported - public):
        print(f"dividere.cppm exports {name}, which no public header declares")
    sys.exit(public != exported)


if __name__ == "__main__":
    main()
