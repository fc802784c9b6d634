#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sees to it that the documents' links lead somewhere, and that examples/README.md names each example.

Usage: documents_test.py ROOT
"""

import pathlib
import re
import sys

DOCUMENTS = ["*.md", "doc/*.md", "examples/*.md"]


def prose(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchors(document):
    """What #links may name: each heading in small letters, blanks as hyphens, other marks left out."""
    headings = re.findall(r"^#+ (.*)$", prose(document.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document.read_text())):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        if not file.exists():
            yield f"{document}: there is no {target}"
        elif anchor and anchor not in anchors(file):
            yield f"{document}: {file.name} has no heading for #{anchor}"


def main():
    root = pathlib.Path(sys.argv[1])
    documents = [document for pattern in DOCUMENTS for document in sorted(root.glob(pattern))]
    faults = [fault for document in documents for fault in broken_links(document)]
    table = (root / "examples" / "README.md").read_text()
    for source in sorted((root / "examples").glob("*.cpp")):
        if f"[{source.stem}]({source.name}) | " not in table:
            faults.append(f"examples/README.md: {source.name} has no line")
    if len(documents) < 8:
        faults.append("the documents are not where they are looked for")
    sys.exit("\n".join(faults) if faults else 0)


if __name__ == "__main__":
    main()
