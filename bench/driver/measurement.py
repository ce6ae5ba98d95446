# SPDX-License-Identifier: MIT
"""One row: the same results from all, then their times in turn."""
import math
import statistics
import time

from . import table
from .worker import Lost

PAUSE = 0.01  # until threads that wait for more work have gone to sleep
# A system needs a while until it runs threads that have slept side by side;
# work of so little that this would show is begun untimed, on all sides.
WARM, SHORT = 0.1, 0.02  # seconds: of a turn, of a unit of work


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


def compare(subject, ours, results):
    """How far a subject's results lie from ours; 0 for another cell."""
    if subject.tolerance is None:
        return 0.0
    gap = difference(ours, results)
    if gap > subject.tolerance:
        raise Lost(f"results differ by {gap:.1e}")
    return gap


def ready(row, subjects, workers):
    """Opens the row everywhere and compares. ({subject: difference}, {subject:
    why it is left out}); the first subject, ours, has to be there."""
    agreed, left_out, ours = {}, {}, None
    for subject in subjects:
        worker = workers.get(subject)
        try:
            worker.ask("open " + row.line(subject))
            results = worker.results()
            ours = results if ours is None else ours
            agreed[subject] = compare(subject, ours, results)
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


def turn(worker, count, warm):
    """Seconds a unit; `warm` units go before."""
    time.sleep(PAUSE)
    if warm:
        worker.seconds(warm)
    return worker.seconds(count)


class OutOfTime(Exception):
    """The row would not be over before the deadline."""


def rounds(options, tried):
    """As many as the time for a row allows, within bounds."""
    fit = int(options.row_seconds / max(tried, 1e-9))
    return max(options.least, min(options.repeats, fit))


def take_turns(subjects, workers, options, deadline):
    """{subject: seconds of each round}; each round begins with another."""
    start = time.monotonic()
    counts = {s: units(workers.get(s), options.target) for s in subjects}
    warm = {s: count * WARM / options.target
            if workers.threads > 1 and options.target / count < SHORT else 0
            for s, count in counts.items()}
    # To find the counts took about twice as long as a round.
    tried = (time.monotonic() - start) / 2
    repeats = rounds(options, tried)
    if start + tried * (2 + repeats) > deadline:
        raise OutOfTime("it would take too long")
    times = {s: [] for s in subjects}
    for number in range(repeats):
        shift = number % len(subjects)
        for s in subjects[shift:] + subjects[:shift]:
            times[s].append(turn(workers.get(s), counts[s],
                                 math.ceil(warm[s])))
    return times


def spread(numbers):
    """[lower quartile, median, upper quartile]"""
    if len(numbers) == 1:
        return numbers * 3
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return [low, statistics.median(numbers), high]


class Limits:
    """What the machine can do at most, measured beside a row."""

    def __init__(self, row, worker):
        self.row, self.worker = row, worker
        self.peak, self.read = 0.0, {}

    def measure(self, subjects):
        """The best of all calls counts."""
        self.peak = max(self.peak, float(self.worker.ask("peak")[0]))
        sizes = {self.row.read_each_step * s.bytes for s in subjects}
        for size in sizes - {0}:
            found = float(self.worker.ask(f"bandwidth {size}")[0])
            self.read[size] = max(self.read.get(size, 0), found)

    def shares(self, subject, seconds, threads):
        shares = {"share": self.row.work / seconds / self.peak / threads}
        size = self.row.read_each_step * subject.bytes
        if size in self.read:
            shares |= {"bytes": size, "bandwidth": self.read[size]}
        if self.row.kind == "stream":
            shares["read"] = size / seconds / self.read[size]
        return shares


def measure(row, subjects, workers, options, deadline):
    """A line of the report for each subject, ours first."""
    if time.monotonic() > deadline:
        raise OutOfTime("the time is up")
    agreed, left_out = ready(row, subjects, workers)
    ours, here = subjects[0], list(agreed)
    limits = Limits(row, workers.get(ours))
    limits.measure(here)
    times = take_turns(here, workers, options, deadline)
    limits.measure(here)
    workers.close()
    base = {"row": row.name, **row._asdict(), "threads": workers.threads,
            "work": row.work, "peak": limits.peak * workers.threads}
    for subject in here:
        seconds = spread(times[subject])
        ratios = spread([a / b for a, b in
                         zip(times[subject], times[ours])])
        yield base | {
            "subject": subject.label, "seconds": seconds,
            "times": times[subject], "difference": agreed[subject],
            "ratio": ratios[1], "ratio_spread": ratios[::2],
        } | limits.shares(subject, seconds[1], workers.threads)
    for subject, why in left_out.items():
        yield base | {"subject": subject.label, "absent": why}


def against_ourselves(lines):
    """{row name: our time on one thread over that on two, with its spread}"""
    ours = {(line["row"], line["threads"]): line["seconds"]
            for line in lines if line["subject"] == table.OURS.label}
    return {name: (ours[name, 1][1] / ours[name, 2][1],
                   ours[name, 1][0] / ours[name, 2][2],
                   ours[name, 1][2] / ours[name, 2][0])
            for name, threads in ours if threads == 2 and (name, 1) in ours}
