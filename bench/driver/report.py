# SPDX-License-Identifier: MIT
"""A run as JSON and as tables in Markdown."""
import json

from . import table
from .measurement import against_ourselves

HEAD = ("| row | who | time | quartiles | GF/s | of the peak | their time / "
        "ours | quartiles |\n|---|---|---:|---|---:|---:|---:|---|\n")


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def cells(line):
    yield line["subject"]
    if "absent" in line:
        yield from [f"left out: {line['absent']}", "", "", "", "", ""]
        return
    low, middle, high = line["seconds"]
    yield duration(middle)
    yield f"{duration(low)} to {duration(high)}"
    yield f"{line['work'] / middle * 1e-9:.1f}"
    yield f"{100 * line['share']:.0f} %"
    if line["subject"] == table.OURS.label:
        yield from ["", ""]
        return
    yield f"**{line['ratio']:.2f}**"
    yield "{:.2f} to {:.2f}".format(*line["ratio_spread"])


def markdown_table(lines):
    text, last = HEAD, None
    for line in lines:
        name = line["row"] if line["row"] != last else ""
        last = line["row"]
        text += f"| {name} | {' | '.join(cells(line))} |\n"
    return text


def markdown(run):
    machine = run["machine"]
    text = (f"# Benchmark, machine of class {machine['class']}\n\n"
            f"{machine['vendor']} family {machine['family']} "
            f"({machine['name']}), {machine['cores']} cores. "
            f"Medians of {run['repeats']} rounds, all in turn; the peak is "
            f"what fused multiply-adds in registers reached in the same row: "
            f"{1e-9 * run['peak']:.0f} GF/s a core.\n\n")
    for name, words in run["about"].items():
        text += f"- {name}: {words}\n"
    for threads in sorted({line["threads"] for line in run["lines"]}):
        plural = "s" if threads > 1 else ""
        text += f"\n## {threads} thread{plural}\n\n" + markdown_table(
            [line for line in run["lines"] if line["threads"] == threads])
    gains = against_ourselves(run["lines"])
    if gains:
        text += ("\n## Two threads against one\n\n| row | gain |\n|---|---:|\n"
                 + "".join(f"| {name} | {gain:.2f} |\n"
                           for name, gain in gains.items()))
    if run["left_out"]:
        text += "\nLeft out:\n\n" + "".join(
            f"- {name}\n" for name in run["left_out"])
    return text


def write(run, folder, chart):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.json").write_text(json.dumps(run, indent=1) + "\n")
    (folder / "compare.md").write_text(
        markdown(run) + "\n![Ratios](compare.svg)\n")
    (folder / "compare.svg").write_text(chart)
