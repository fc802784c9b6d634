#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sees to it that each line of the log in doc/troubleshooting.md is one that a test waits for and the library writes.

20 bytes of a test's text have to be part of the line, and the line has to be made of the library's texts but for
endpoints, names and numbers. Usage: troubleshooting_test.py ROOT
"""

import pathlib
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
NAME = re.compile(r"tcp://[\w.]+:\d+|(?<=')[\w.]+(?=')|\brobot\.Pose\b|\bfloat\b")
NUMBER = re.compile(r"\d[\d.]*")


def literals(folder):
    """The texts in the sources below a folder, those that stand side by side as one."""
    found = set()
    for source in sorted(folder.rglob("*.[ch]pp")):
        text = re.sub(r'"\s*\n\s*"', "", source.read_text())
        found.update(text.replace('\\"', '"') for text in LITERAL.findall(text))
    return found


def similar(tested, text):
    """Whether what a test waits for begins or goes on as the line does, for 20 bytes: names in it are the test's own."""
    return any(tested[i : i + 20] in text for i in range(0, len(tested) - 19))


def main():
    root = pathlib.Path(sys.argv[1])
    tested = [text for text in literals(root / "tests") if len(text) >= 20]
    written = [text.strip() for text in literals(root / "dividere") if text.strip()]
    lines = re.findall(r"^    dividere \w+: ([\w:]+): (.*)$", (root / "doc" / "troubleshooting.md").read_text(), re.M)
    if len(lines) < 10:
        sys.exit("doc/troubleshooting.md shows no lines")
    faults = []
    for who, text in lines:
        if not any(similar(part, text) for part in tested):
            faults.append(f"no test waits for: {text}")
        rest = NAME.sub("\0", text)
        for part in sorted(written, key=len, reverse=True):
            if len(part) > 3:
                rest = rest.replace(part, "\0")
        rest = NUMBER.sub("", rest)
        rest = re.sub(r"[\0\s'():;,]|\b(in|s|from|to|of|type)\b", "", rest)
        if rest:
            faults.append(f"the library does not write '{rest}' in: {text}")
        if not any(who in part for part in written):
            faults.append(f"nobody signs as {who}")
    sys.exit("\n".join(faults) or 0)


if __name__ == "__main__":
    main()
