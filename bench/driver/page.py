# SPDX-License-Identifier: MIT
"""The part of docs/benchmarks.md that belongs to a class of machine."""
import re

from . import report
from .place import ROOT

PAGE = ROOT / "docs/benchmarks.md"
PICTURES = ROOT / "docs/pictures"


def part(run, charts):
    """Between two comments, by which it is found again."""
    letter = run["machine"]["class"]
    return (f"<!-- class {letter} -->\n{report.markdown(run, '##')}"
            f"{report.pictures(charts)}<!-- end of class {letter} -->\n")


def write(run, charts):
    """Puts the run in the place of the last one of its class."""
    letter = run["machine"]["class"].lower()
    placed = {}
    for old in PICTURES.glob(f"benchmarks-{letter}*.svg"):
        old.unlink()
    for name, (title, svg) in charts.items():
        file = f"benchmarks-{letter}-{name.removeprefix('compare-')}"
        (PICTURES / file).write_text(svg)
        placed[f"pictures/{file}"] = title, svg
    text, new = PAGE.read_text(), part(run, placed)
    letter = run["machine"]["class"]
    old = re.compile(f"<!-- class {letter} -->.*?"
                     f"<!-- end of class {letter} -->\n", re.S)
    if old.search(text):
        text = old.sub(lambda _: new, text)
    else:
        text += "\n" + new
    PAGE.write_text(text)
