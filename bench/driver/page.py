# SPDX-License-Identifier: MIT
"""The part of docs/benchmarks.md that belongs to a class of machine."""
import re

from . import report, summary
from .place import ROOT

PAGE = ROOT / "docs/benchmarks.md"
PICTURES = ROOT / "docs/pictures"

# The section that a picture is of; others come after the verdict.
PLACES = {"sizes": "Sizes over two decades", "where": "Where the time goes"}
LONG = ("Two threads", "What was to be reached", "All rows")  # come last


def shown(charts, section):
    return "".join(f"\n![{title}]({name})\n"
                   for name, (title, _, place) in charts.items()
                   if place == section)


def ordered(run):
    """Short sections first."""
    found = [one for one in report.sections(run) if one[1]]
    return sorted(found, key=lambda one: one[0].startswith(LONG))


def part(run, charts):
    """Between two comments, by which it is found again."""
    letter = run["machine"]["class"]
    about, taking_part = report.about_section(run).split("\n\n", 1)
    text = (f"<!-- class {letter} -->\n## Class {letter}\n\n{about}\n\n"
            f"### In short\n\n{summary.text(run)}{shown(charts, None)}")
    for title, body in ordered(run):
        text += f"\n### {title}\n\n{body}{shown(charts, title)}"
    return (f"{text}\n### Who took part\n\n{taking_part}"
            f"<!-- end of class {letter} -->\n")


def write(run, charts):
    """Puts the run in the place of the last one of its class."""
    letter = run["machine"]["class"].lower()
    placed = {}
    for old in PICTURES.glob(f"benchmarks-{letter}*.svg"):
        old.unlink()
    for name, (title, svg) in charts.items():
        name = name.removeprefix("compare-")
        file = f"benchmarks-{letter}-{name}"
        (PICTURES / file).write_text(svg)
        placed[f"pictures/{file}"] = (
            title, svg, PLACES.get(name.removesuffix(".svg")))
    text, new = PAGE.read_text(), part(run, placed)
    letter = run["machine"]["class"]
    old = re.compile(f"<!-- class {letter} -->.*?"
                     f"<!-- end of class {letter} -->\n", re.S)
    if old.search(text):
        text = old.sub(lambda _: new, text)
    else:
        text += "\n" + new
    PAGE.write_text(text)
