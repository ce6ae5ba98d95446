# SPDX-License-Identifier: MIT
"""What a reader wants first: each kind of work beside each peer, in a line."""
from math import exp, log

from . import chart, report, targets
from .table import REFERENCE


def gain(lines):
    """Geometric mean of their time over ours, the least and the most."""
    found = [line["ratio"] for line in lines]
    if not found:
        return ""
    mean = exp(sum(map(log, found)) / len(found))
    return f"**{mean:.2f}** ({min(found):.2f} to {max(found):.2f})"


def peers(lines):
    """{who: {threads: lines}} of those who are not us on another BLAS"""
    found = {}
    for (_, who), by in chart.grouped(lines).items():
        if who != REFERENCE.label:
            for threads, line in by.items():
                found.setdefault(who, {}).setdefault(threads, []).append(line)
    return found


def rows(run, threads):
    for what, lines in chart.topics(run["lines"]).values():
        for who, by in peers(lines).items():
            yield [what, who, *(gain(by.get(n, [])) for n in threads)]
            what = ""


def counted(run):
    reached = [targets.is_reached(line) for line in targets.lines(run)]
    return (f"{reached.count(True)} of {len(reached)} aims were reached: all "
            "of them are in the table below, with what was measured.\n\n")


def text(run):
    threads = sorted({line["threads"] for line in run["lines"]})
    return (counted(run) + "Their time over ours, so that above 1 librnnc is "
            "the faster one: the geometric mean of the rows that a peer took "
            "part in, the least and the most in brackets. librnnc stands "
            "beside itself too: cells of one's own beside the LSTM that "
            "ships, and streams of float32 beside those of fewer bits, which "
            "are the faster ones where it is below 1.\n\n"
            + report.grid(["work", "beside", *map(report.plural, threads)],
                          "<<" + "<" * len(threads),
                          list(rows(run, threads))))
