# SPDX-License-Identifier: MIT
"""The ratios of a run as a picture: a dot for each peer on a scale of
logarithms, where 1 is our time."""
import math
from html import escape

from .table import OURS

LEFT, WIDTH, STEP, TOP = 430, 420, 18, 60
COLOURS = {1: "#1f77b4", 2: "#d95f02"}
STYLE = ("text{font:12px sans-serif;fill:#222}.small{font-size:10px;"
         "fill:#666}line{stroke:#ddd}.one{stroke:#444}")


def grouped(lines):
    """{(row, who): {threads: line}} of the peers"""
    groups = {}
    for line in lines:
        if "absent" not in line and line["subject"] != OURS.label:
            key = line["row"], line["subject"]
            groups.setdefault(key, {})[line["threads"]] = line
    return groups


def scale(groups):
    """From a ratio to x, and the ratios to mark."""
    ratios = [ratio for by in groups.values() for line in by.values()
              for ratio in line["ratio_spread"]]
    low = math.floor(math.log2(min([*ratios, 0.9])))
    high = max(low + 1, math.ceil(math.log2(max([*ratios, 2]))))
    marks = [2.0 ** power for power in range(low, high + 1)]
    return (lambda ratio: LEFT + WIDTH * (math.log2(ratio) - low)
            / (high - low)), marks


def axis(to_x, marks, bottom):
    for mark in marks:
        kind = ' class="one"' if mark == 1 else ""
        yield (f'<line{kind} x1="{to_x(mark):.1f}" y1="{TOP - 8}" '
               f'x2="{to_x(mark):.1f}" y2="{bottom}"/>')
        yield (f'<text class="small" x="{to_x(mark):.1f}" y="{TOP - 12}" '
               f'text-anchor="middle">{mark:g}</text>')


def dot(to_x, y, threads, line):
    low, high = (to_x(r) for r in line["ratio_spread"])
    colour = COLOURS.get(threads, "#555")
    yield (f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{colour}" '
           f'stroke-opacity=".5" stroke-width="5"/>')
    yield (f'<circle cx="{to_x(line["ratio"]):.1f}" cy="{y}" r="4" '
           f'fill="{colour}"><title>{line["ratio"]:.2f}</title></circle>')


def key(threads):
    for place, count in enumerate(threads):
        x = LEFT + 90 * place
        yield (f'<circle cx="{x}" cy="{TOP - 32}" r="4" '
               f'fill="{COLOURS.get(count, "#555")}"/>')
        yield (f'<text x="{x + 8}" y="{TOP - 28}">{count} '
               f'thread{"s" if count > 1 else ""}</text>')


def draw(run):
    groups = grouped(run["lines"])
    to_x, marks = scale(groups)
    bottom, last = TOP + STEP * len(groups), None
    parts = [*axis(to_x, marks, bottom),
             *key(sorted({line["threads"] for line in run["lines"]}))]
    for place, ((row, who), by) in enumerate(groups.items()):
        y = TOP + STEP * place + 6
        if row != last:
            parts.append(f'<text x="8" y="{y + 4}">{escape(row)}</text>')
            last = row
        parts.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4}" '
                     f'text-anchor="end">{escape(who)}</text>')
        for threads, line in sorted(by.items()):
            parts += dot(to_x, y, threads, line)
    title = (f"Their time / ours, class {run['machine']['class']}; right of 1 "
             "is faster with librnnc; bars are quartiles")
    width, height = LEFT + WIDTH + 30, bottom + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">'
            f'<style>{STYLE}</style><rect width="100%" height="100%" '
            f'fill="#fff"/><text x="8" y="18">{title}</text>\n'
            + "\n".join(parts) + "\n</svg>\n")
