# SPDX-License-Identifier: MIT
"""What is not a ratio of times in turn: memory, long sequences, sizes over
two decades, what is made of a cell, and where the time goes."""
import math

from . import sample, table
from .measurement import spread, units
from .table import OURS, ONEDNN, Subject
from .worker import Lost

STEPS = Subject("in blocks of a step", "rows", "steps")
STATES = Subject("keeping states", "rows", "states")
BOTH = Subject("keeping states, in blocks of a step", "rows", "states_steps")
SEGMENTS = Subject("in segments", "rows", "segments")
WORKSPACE_FLOATS = 15  # a unit and row in oneDNN's workspace


class Rows:
    """Our rows one after another, each opened and closed."""

    def __init__(self, workers):
        self.workers = workers

    def open(self, row, subject=OURS):
        worker = self.workers.get(subject)
        worker.ask("open " + row.line(subject))
        return worker

    def times(self, row, rounds, target):
        """Seconds of a unit of work, a number of times."""
        worker = self.open(row)
        count = units(worker, target)
        times = [worker.seconds(count) for _ in range(rounds)]
        worker.ask("close")
        return times


def bytes_of(worker):
    """Of rows, of the whole run, and of all that was taken at most."""
    return dict(zip(("rows", "run", "most"),
                    map(int, worker.ask("memory")[0].split())))


def held(rows, row, subject):
    """Bytes after a step, or {absent}."""
    try:
        worker = rows.open(row, subject)
        worker.seconds(1)
        times = [worker.seconds(1) for _ in range(5)]
        found = bytes_of(worker) | {"seconds": spread(times)}
        worker.ask("close")
        return found
    except Lost as why:
        return {"absent": str(why)}


def memory(workers, programs, options):
    """Bytes of a training step, and of what oneDNN keeps for its backward
    pass: queried where it is there, and by its rule."""
    row, rows = table.square("first", "lstm", *table.SHAPES[1]), Rows(workers)
    if options.tiny:
        row = table.cut(row)
    found = {"row": row.name, "units": row.tokens * row.hidden,
             "rule": WORKSPACE_FLOATS * 4 * row.tokens * row.hidden}
    for subject in (OURS, STEPS, STATES, BOTH, SEGMENTS, ONEDNN):
        if subject.program in programs:
            # oneDNN has the gradient of x in memory of the caller.
            found[subject.label] = held(rows, row._replace(
                kind="train") if subject == ONEDNN else row, subject)
    return found


def long(workers, _, options):
    """A step over very long sequences, plainly and in segments."""
    steps = 200 if options.tiny else 10000
    row = table.square("letters", "lstm", 20, steps, 512)
    rows, found = Rows(workers), {"row": row.name}
    for subject in (OURS, SEGMENTS):
        try:
            worker = rows.open(row, subject)
            loss = worker.results()["loss"]  # and one step to warm up
            times = [worker.seconds(1) for _ in range(options.long_rounds)]
            taken = bytes_of(worker)
            worker.ask("close")
        except Lost as why:
            found[subject.label] = {"absent": str(why)}
            continue
        found[subject.label] = {"times": times, "seconds": spread(times),
                                "loss": loss[0], **taken}
    return found


# ---- Sizes over two decades -------------------------------------------------

LENGTHS = (10, 20, 50, 100, 200, 500, 1000)
BATCHES = (1, 2, 3, 5, 8, 12, 20, 32, 50, 64, 100)
HIDDEN = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1600)
SCALES = {
    "T": [table.square("train", "lstm", 20, n, 128) for n in LENGTHS],
    "B": [table.square("train", "lstm", n, 20, 128) for n in BATCHES],
    "H": [table.square("train", "lstm", 20, 10, n) for n in HIDDEN],
}


def fit(points):
    """(a, b) of seconds = a + b work, least squares of relative errors."""
    # Weights 1/seconds: the small sizes count as much as the large ones.
    xs = [work / seconds for work, seconds in points]
    ones = [1 / seconds for _, seconds in points]
    sxx, sxo = sum(x * x for x in xs), sum(x * o for x, o in zip(xs, ones))
    soo, sx, so = sum(o * o for o in ones), sum(xs), sum(ones)
    b = (sx * soo - so * sxo) / (sxx * soo - sxo * sxo)
    return (so - b * sxo) / soo, b


def slope(points):
    """The power of work that time goes with, over all points."""
    logs = [(math.log(work), math.log(seconds)) for work, seconds in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return (sum((x - mean_x) * (y - mean_y) for x, y in logs)
            / sum((x - mean_x) ** 2 for x, _ in logs))


def line_of(rows, options):
    points = [(row.work, min(times)) for row, times in rows]
    a, b = fit(points)
    rates = [work / seconds for work, seconds in points]
    return {
        "points": [{"size": size, "work": work, "seconds": seconds,
                    "fit": a + b * work}
                   for size, (work, seconds) in zip(options, points)],
        "fixed": a, "rate": 1 / b, "power": slope(points),
        # How far the work done a second falls from one size to the next.
        "worst": max(before / after for before, after in
                     zip(rates, rates[1:])),
        "off": max(abs(seconds / (a + b * work) - 1)
                   for work, seconds in points)}


def scaling(workers, _, options):
    """{letter: points and fit}; the least of some times each."""
    found, rows = {}, Rows(workers)
    for letter, sizes in SCALES.items():
        taken = sizes[:3] if options.tiny else sizes
        measured = [(row, rows.times(row, 5, options.target / 2))
                    for row in taken]
        names = {"T": LENGTHS, "B": BATCHES, "H": HIDDEN}[letter]
        found[letter] = line_of(measured, names)
    return found


# ---- What is made of a cell -------------------------------------------------

CELLS = ("lstm", "peephole", "drawn1", "drawn2", "drawn3")


def plans(workers, *_):
    """{cell: {stages, sections, ...}}"""
    rows, found = Rows(workers), {}
    for cell in CELLS:
        row = table.square("train", cell, 2, 2, 16)
        worker = rows.open(row)
        found[cell] = {name: int(number) for name, number in
                       (line.split() for line in worker.ask("plan")[1])}
        worker.ask("close")
    return found


# ---- Where the time goes ----------------------------------------------------

WHERE = [table.train("lstm", table.SHAPES[1]),
         table.train("drawn1", table.SHAPES[0]),
         table.square("ragged", "lstm", *table.RAGGED[1]),
         table.square("words", "lstm", 20, 20, 200)]


def where(workers, programs, options):
    """A line a row: shares measured and foretold."""
    found, rows = [], Rows(workers)
    for row in WHERE:
        row = table.cut(row) if options.tiny else row
        worker = rows.open(row)
        worker.seconds(1)
        peak = float(worker.ask("peak")[0])
        read = float(worker.ask("bandwidth 8000000")[0]) / workers.threads
        count = units(worker, options.sample_seconds)
        seconds = worker.seconds(count)
        try:
            places = worker.ask(f"sample {count}")[1]
        except Lost as why:
            return [{"row": row.name, "absent": str(why)}]
        worker.ask("close")
        found.append({
            "row": row.name, "threads": workers.threads, "seconds": seconds,
            "measured": sample.shares(programs["rows"][0], places),
            "most": sample.most(programs["rows"][0], places),
            "foretold": sample.foretell(row, peak, read, workers.threads)})
    return found
