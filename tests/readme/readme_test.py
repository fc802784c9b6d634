#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every C++ snippet of README.md and doc/*.md with warnings as errors.

A snippet with a main() is linked and run as well; what it prints is compared with the text block after it. Any other
one is the inside of a function. Usage: readme_test.py ROOT BUILD_DIR (where clientMsgs.pb.h and .cc are made).
"""

import os
import pathlib
import re
import subprocess
import sys

PREAMBLE = """#include <malloc.h>
#include <dividere.hpp>
#include <iostream>
#include "clientMsgs.pb.h"
void snippet();
void snippet() {
"""
FLAGS = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable"]


def blocks(markdown):
    """(language, line number, text) of each fenced block, in order."""
    found = []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", markdown, re.M | re.S):
        found.append((match[1], markdown[: match.start()].count("\n") + 1, match[2]))
    return found


def run(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{what}: {' '.join(command)}\n{done.stdout}")
    return done.stdout


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    build.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CXX", "c++")
    run(["protoc", f"-I{root}/examples", f"--cpp_out={build}", "clientMsgs.proto"], "examples/clientMsgs.proto")
    libraries = run(["pkg-config", "--cflags", "--libs", "libzmq", "protobuf"], "pkg-config").split()
    libraries += ["-pthread", "-ldl"]  # -ldl: glibc before 2.34
    compile_ = [compiler, *FLAGS, f"-I{root}/single_include", f"-I{build}"]

    found = []
    for document in [root / "README.md", *sorted((root / "doc").glob("*.md"))]:
        found += [(document, *block) for block in blocks(document.read_text())]
    programs = snippets = 0
    for i, (document, language, line, text) in enumerate(found):
        if language != "cpp":
            continue
        where = f"{document.name}:{line}"
        source = build / f"{document.stem}_{line}.cpp"
        if "int main(" in text:
            programs += 1
            source.write_text(text)
            program = source.with_suffix("")
            run([*compile_, str(source), str(build / "clientMsgs.pb.cc"), "-o", str(program), *libraries], where)
            printed = run([str(program)], where)
            expected = found[i + 1][3]
            if printed != expected:
                sys.exit(f"{where}: prints\n{printed}where {document.name} says\n{expected}")
        else:
            snippets += 1
            source.write_text(PREAMBLE + text + "}\n")
            run([*compile_, "-fsyntax-only", str(source), *libraries], where)
        print(f"PASS {where}")
    if programs == 0 or snippets == 0:
        sys.exit("README.md: no program or no snippet was found, so nothing was tested")


if __name__ == "__main__":
    main()
