# SPDX-License-Identifier: MIT
"""A run as pictures: ratios, sizes over two decades, where the time goes."""
import math
from html import escape

from . import sample
from .table import GATES, OURS

LEFT, WIDTH, STEP, TOP = 165, 330, 19, 88
COLOURS = {1: "#1f77b4", 2: "#d95f02"}
MORE = ["#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#8c564b", "#e377c2",
        "#7f7f7f"]
STYLE = ("text{font:14px sans-serif;fill:#222;paint-order:stroke;stroke:#fff;"
         "stroke-width:4px}.small{font-size:12px;fill:#555}"
         "line{stroke:#ddd}.one{stroke:#444}")


def picture(width, height, title, parts, below=""):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">'
            f'<style>{STYLE}</style><rect width="100%" height="100%" '
            f'fill="#fff"/><text x="8" y="18">{escape(title)}</text>'
            f'<text class="small" x="8" y="36">{escape(below)}</text>\n'
            + "\n".join(parts) + "\n</svg>\n")


# ---- Ratios: a dot for each peer on a scale of logarithms -------------------

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
        yield (f'<line{kind} x1="{to_x(mark):.1f}" y1="{TOP - 6}" '
               f'x2="{to_x(mark):.1f}" y2="{bottom}"/>')
        yield (f'<text class="small" x="{to_x(mark):.1f}" y="{TOP - 10}" '
               f'text-anchor="middle">{mark:g}</text>')


def dot(to_x, y, threads, line):
    low, high = (to_x(r) for r in line["ratio_spread"])
    colour = COLOURS.get(threads, "#555")
    yield (f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{colour}" '
           f'stroke-opacity=".5" stroke-width="5"/>')
    yield (f'<circle cx="{to_x(line["ratio"]):.1f}" cy="{y}" r="4" '
           f'fill="{colour}"><title>{line["ratio"]:.2f}</title></circle>')


def key(words, colours, step=110):
    for place, (word, colour) in enumerate(zip(words, colours)):
        x = LEFT + step * place
        yield f'<circle cx="{x}" cy="{TOP - 31}" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 8}" y="{TOP - 26}">{escape(word)}</text>'


def ratios(lines, what, letter):
    groups = grouped(lines)
    to_x, marks = scale(groups)
    headings = len({row for row, _ in groups})
    bottom, last, y = TOP + STEP * (len(groups) + headings), None, TOP - 12
    threads = sorted({line["threads"] for line in lines})
    parts = [*axis(to_x, marks, bottom),
             *key([f"{n} thread{'s' if n > 1 else ''}" for n in threads],
                  [COLOURS.get(n, "#555") for n in threads])]
    for (row, who), by in groups.items():
        y += STEP
        if row != last:
            parts.append(f'<text x="8" y="{y + 4}">{escape(row)}</text>')
            last, y = row, y + STEP
        parts.append(f'<text class="small" x="{LEFT - 14}" y="{y + 4}" '
                     f'text-anchor="end">{escape(who)}</text>')
        for count, line in sorted(by.items()):
            parts += dot(to_x, y, count, line)
    return picture(LEFT + WIDTH + 30, bottom + 12,
                   f"{what}: their time / ours, class {letter}", parts,
                   "right of 1 librnnc is faster; bars are quartiles")


def topics(lines):
    """{name of a file: (what it shows, its lines)}"""
    own = [line for line in lines if line["cell"] not in GATES]
    return {name: (what, found) for name, what, found in (
        ("training", "Training", [line for line in lines if
                                  line["kind"] == "train"
                                  and line["cell"] in GATES]),
        ("own", "Own cells", own),
        ("ragged", "Ragged batches, language models",
         [line for line in lines if line["kind"] in ("ragged", "words")]),
        ("streams", "Streams", [line for line in lines
                                if line["kind"] == "stream"]),
        ("sequences", "Inference", [line for line in lines
                                    if line["kind"] == "sequence"]))
            if grouped(found)}


# ---- Sizes over two decades: time against work, both as logarithms ----------

SIDE, MARGIN = 440, 60


def decades(numbers):
    return (math.floor(math.log10(min(numbers))),
            math.ceil(math.log10(max(numbers))))


def frame(low_x, high_x, low_y, high_y, to):
    for power in range(low_x, high_x + 1):
        x, _ = to(10.0 ** power, 10.0 ** low_y)
        yield f'<line x1="{x:.1f}" y1="{MARGIN}" x2="{x:.1f}" y2="{SIDE}"/>'
        yield (f'<text class="small" x="{x:.1f}" y="{SIDE + 14}" '
               f'text-anchor="middle">1e{power}</text>')
    for power in range(low_y, high_y + 1):
        _, y = to(10.0 ** low_x, 10.0 ** power)
        yield f'<line x1="{MARGIN}" y1="{y:.1f}" x2="{SIDE}" y2="{y:.1f}"/>'
        yield (f'<text class="small" x="{MARGIN - 6}" y="{y + 4:.1f}" '
               f'text-anchor="end">1e{power}</text>')


def curve(points, to, colour):
    """Dots for what was measured, a line for what was fitted."""
    fitted = " ".join("{:.1f},{:.1f}".format(*to(p["work"], p["fit"]))
                      for p in points)
    yield (f'<polyline points="{fitted}" fill="none" stroke="{colour}" '
           f'stroke-opacity=".6"/>')
    for point in points:
        x, y = to(point["work"], point["seconds"])
        yield (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">'
               f'<title>{point["size"]}</title></circle>')


def scaling(run):
    found = run["scaling"]
    points = [p for one in found.values() for p in one["points"]]
    low_x, high_x = decades([p["work"] for p in points])
    low_y, high_y = decades([p["seconds"] for p in points])

    def to(work, seconds):
        right = (math.log10(work) - low_x) / (high_x - low_x)
        up = (math.log10(seconds) - low_y) / (high_y - low_y)
        return (MARGIN + (SIDE - MARGIN) * right,
                SIDE - (SIDE - MARGIN) * up)
    parts = list(frame(low_x, high_x, low_y, high_y, to))
    for place, (letter, one) in enumerate(found.items()):
        parts += curve(one["points"], to, MORE[place])
        y = MARGIN + 18 * place + 10
        parts.append(f'<circle cx="{MARGIN + 16}" cy="{y}" r="4" '
                     f'fill="{MORE[place]}"/><text x="{MARGIN + 26}" '
                     f'y="{y + 4}">{letter} rises</text>')
    return picture(SIDE + 30, SIDE + 30,
                   "LSTM training step", parts,
                   "seconds upward, operations to the right")


# ---- Where the time goes: a bar a row ---------------------------------------

def bar(y, shares, height):
    x, width = 8, LEFT + WIDTH
    for place, kind in enumerate(sample.ALL):
        part = width * shares.get(kind, 0)
        if part > 0:
            yield (f'<rect x="{x:.1f}" y="{y}" width="{part:.1f}" '
                   f'height="{height}" fill="{MORE[place]}"><title>{kind} '
                   f'{100 * shares[kind]:.1f} %</title></rect>')
        x += part


def where(run):
    parts, y = [], 58
    for place, kind in enumerate(sample.ALL):
        x, line = 14 + 170 * (place % 3), y + 18 * (place // 3)
        parts.append(f'<circle cx="{x}" cy="{line}" r="4" '
                     f'fill="{MORE[place]}"/><text class="small" '
                     f'x="{x + 8}" y="{line + 4}">{escape(kind)}</text>')
    y += 18 * -(-len(sample.ALL) // 3) + 16
    for one in run["where"]:
        parts.append(f'<text x="8" y="{y}">{escape(one["row"])}, threads: '
                     f'{one["threads"]}</text>')
        parts += bar(y + 6, one["measured"], 10)
        parts += bar(y + 17, {kind: min(1, spent / one["seconds"]) for
                              kind, spent in one["foretold"].items()}, 5)
        y += 44
    return picture(LEFT + WIDTH + 30, y, "Shares of the time", parts,
                   "the thin bar below is what was foretold")


def draw(run):
    """{name of a file: (title, svg)} of what was measured"""
    letter = run["machine"]["class"]
    charts = {}
    for name, (what, lines) in topics(run["lines"]).items():
        charts[f"compare-{name}.svg"] = (
            f"{what}: their time over ours, class {letter}",
            ratios(lines, what, letter))
    if run.get("scaling"):
        charts["compare-sizes.svg"] = (
            f"Time against work, class {letter}", scaling(run))
    if any("absent" not in one for one in run.get("where", ())):
        charts["compare-where.svg"] = (
            f"Where the time goes, class {letter}", where(run))
    return charts
