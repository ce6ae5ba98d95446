# SPDX-License-Identifier: MIT
"""One row: the same results from all, then their times in turn."""
import math
import statistics
import time

from . import table
from .worker import Lost

TOLERANCE = 1e-4
PAUSE = 0.01  # until threads that wait for more work have gone to sleep


def difference(ours, theirs):
    """The largest, in units of our largest number of the same array."""
    worst = 0.0
    for name, values in ours.items():
        if len(theirs.get(name, ())) != len(values):
            raise Lost(f"has no result {name} of {len(values)} numbers")
        size = max(map(abs, values), default=0) or 1
        gap = max(abs(a - b) for a, b in zip(values, theirs[name]))
        if math.isnan(gap):
            raise Lost(f"{name} is no number")
        worst = max(worst, gap / size)
    return worst


def ready(row, subjects, workers):
    """Opens the row everywhere and compares. ({subject: difference}, {subject:
    why it is left out}); the first subject, ours, has to be there."""
    agreed, left_out, ours = {}, {}, None
    for subject in subjects:
        worker = workers.get(subject)
        try:
            worker.ask("open " + row.line(subject))
            results = worker.results()
            if ours is None:
                ours, agreed[subject] = results, 0.0
            elif subject.program == "rows":
                agreed[subject] = 0.0  # another cell: nothing to compare
            else:
                gap = difference(ours, results)
                if gap > TOLERANCE:
                    raise Lost(f"results differ by {gap:.1e}")
                agreed[subject] = gap
        except Lost as why:
            if ours is None:
                raise
            left_out[subject] = str(why)
    return agreed, left_out


def units(worker, target):
    """How many units of work take about `target` seconds."""
    count = 1
    while True:
        spent = worker.seconds(count) * count
        if spent >= target / 2:
            return max(1, round(count * target / spent))
        count *= min(10, math.ceil(target / max(spent, 1e-9)))


class OutOfTime(Exception):
    """The row would not be over before the deadline."""


def take_turns(subjects, workers, repeats, target, deadline):
    """{subject: seconds of each round}; each round begins with another."""
    start = time.monotonic()
    counts = {s: units(workers.get(s), target) for s in subjects}
    tried = time.monotonic() - start
    if start + tried * (1 + repeats / 2) > deadline:
        raise OutOfTime("it would take too long")
    times = {s: [] for s in subjects}
    for turn in range(repeats):
        shift = turn % len(subjects)
        for s in subjects[shift:] + subjects[:shift]:
            time.sleep(PAUSE)
            times[s].append(workers.get(s).seconds(counts[s]))
    return times


def spread(numbers):
    """[lower quartile, median, upper quartile]"""
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return [low, statistics.median(numbers), high]


def measure(row, subjects, workers, options, deadline):
    """A line of the report for each subject, ours first."""
    if time.monotonic() > deadline:
        raise OutOfTime("the time is up")
    agreed, left_out = ready(row, subjects, workers)
    ours, here = subjects[0], list(agreed)
    peak = float(workers.get(ours).ask("peak")[0])
    times = take_turns(here, workers, options.repeats, options.target,
                       deadline)
    peak = max(peak, float(workers.get(ours).ask("peak")[0]))
    peak *= workers.threads
    workers.close()
    base = {"row": row.name, **row._asdict(), "threads": workers.threads,
            "work": row.work, "peak": peak}
    for subject in here:
        seconds = spread(times[subject])
        ratios = spread([a / b for a, b in
                         zip(times[subject], times[ours])])
        yield base | {
            "subject": subject.label, "seconds": seconds,
            "times": times[subject], "difference": agreed[subject],
            "ratio": ratios[1], "ratio_spread": ratios[::2],
            "share": row.work / seconds[1] / peak}
    for subject, why in left_out.items():
        yield base | {"subject": subject.label, "absent": why}


def against_ourselves(lines):
    """{row name: our time on one thread / on two}"""
    ours = {(line["row"], line["threads"]): line["seconds"][1]
            for line in lines if line["subject"] == table.OURS.label}
    return {name: ours[name, 1] / ours[name, 2]
            for name, threads in ours if threads == 2 and (name, 1) in ours}
