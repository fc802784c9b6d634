#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the table of `bash bench/run.sh --peers` as a picture: for each work how dividere and each peer do, as parts of the
best of them.

    python3 bench/peers/plot.py build/peers.csv doc/peers.svg
"""

import csv
import datetime
import os
import sys
from xml.sax.saxutils import escape

COLOURS = {"dividere": "#1f6f8b", "libzmq": "#99a8b2", "NATS": "#34a574", "gRPC": "#e28413", "NNG": "#b0578d",
           "gz-transport": "#6a4c93"}
BAR, GAP, LEFT, WIDTH, TOP = 14, 16, 170, 420, 64


def machine():
    """What this was measured on."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    system = ".".join(os.uname().release.split(".")[:2])
    return f"{os.cpu_count()} x {model}, Linux {system}, tcp loopback, {datetime.date.today()}"


def read(file):
    """{work: (unit, {library: figure})}, in the order of the table."""
    works = {}
    with open(file, encoding="utf-8", newline="") as table:
        for line in csv.DictReader(table):
            work, separator, peer = line["work"].partition(" against ")
            if not separator or work.endswith("p99"):
                continue
            unit, figures = works.setdefault(work, (line["unit"], {"dividere": float(line["ours"])}))
            figures[peer] = float(line["baseline"])
    return works


def shown(figure, unit):
    return f"{figure:,.0f} {unit}" if figure >= 100 else f"{figure:.1f} {unit}"


def draw(works):
    """The SVG. A longer bar is better: times are drawn as how many there are a second."""
    lines, y = [], TOP
    for work, (unit, figures) in works.items():
        speeds = {name: 1 / figure if unit == "us" else figure for name, figure in figures.items()}
        best = max(speeds.values())
        lines.append(f'<text x="{LEFT - 12}" y="{y + BAR * len(figures) / 2 + 4:.0f}" text-anchor="end" '
                     f'font-weight="bold">{escape(work.replace(" p50", ""))}</text>')
        for name, figure in figures.items():
            length = WIDTH * speeds[name] / best
            lines.append(f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR - 3}" '
                         f'fill="{COLOURS.get(name, "#444")}"/>')
            lines.append(f'<text x="{LEFT + length + 6:.0f}" y="{y + BAR - 4}">{escape(name)}, '
                         f'{escape(shown(figure, unit))}</text>')
            y += BAR
        y += GAP
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 190}" height="{y + 8}" '
            f'font-family="sans-serif" font-size="11">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            '<text x="12" y="22" font-size="15" font-weight="bold">Typed protobuf messages between two processes</text>',
            f'<text x="12" y="42">Longer is better; medians of interleaved rounds. {escape(machine())}</text>']
    return "\n".join(head + lines + ["</svg>"]) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    works = read(sys.argv[1])
    if not works:
        sys.exit(f"{sys.argv[1]} holds no comparison with a peer")
    with open(sys.argv[2], "w", encoding="utf-8") as picture:
        picture.write(draw(works))


if __name__ == "__main__":
    main()
