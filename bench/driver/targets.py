# SPDX-License-Identifier: MIT
"""What was to be reached, and what was."""
from collections import namedtuple

from . import table
from .measurement import against_ourselves
from .table import (BF16, COMPILED, INT8, JAX, ONEDNN, ONNX, OUR_LSTM, OURS,
                    PACKED, PADDED, REFERENCE, RTNEURAL, SHAPES, TORCH)

# RTNeural with Eigen on a machine of class A, seconds a step.
RTNEURAL_STEP = {"lstm": 4.0e-6, "gru": 3.0e-6}

# A line of the table: `value` with its spread, `aim` to reach, or not to pass
# where `most` is set. What is not measured has the value None. `limit` is the
# value of a machine that is never short of its peak or bandwidth, if known.
Line = namedtuple(
    "Line", "row against threads aim value low high unit most limit",
    defaults=["x", False, None])


def ideal(line):
    """Seconds at the peak, and at the bandwidth where weights are read again
    in every step; in a sequence, products with inputs have the peak."""
    read = line.get("bytes", 0) / line.get("bandwidth", 1)
    products = line["work"] / line["peak"]
    if line["kind"] == "sequence":
        states = line["hidden"] / (line["inputs"] + line["hidden"])
        return (1 - states) * products + line["steps"] * max(
            read, states * products / line["steps"])
    return max(products, read)


class Found:
    """The lines of a run by row, threads and subject."""

    def __init__(self, run):
        self.run, self.place = run, int(run["machine"]["class"] == "B")
        self.lines = {(line["row"], line["threads"], line["subject"]): line
                      for line in run["lines"] if "absent" not in line}

    def line(self, row, threads, subject):
        return self.lines.get((row.name, threads, subject.label))

    def best(self, row, subject):
        """The line of the thread count that is faster."""
        lines = [line for key, line in self.lines.items()
                 if key[0] == row.name and key[2] == subject.label]
        return min(lines, key=lambda line: line["seconds"][1], default=None)

    def ratio(self, row, threads, subject, aims, turned=False):
        """Their time over ours; turned: ours over theirs."""
        line = self.line(row, threads, subject)
        values, limit = (None,) * 3, None
        if line:
            low, high = line["ratio_spread"]
            values = line["ratio"], low, high
            limit = line["seconds"][1] / ideal(self.line(row, threads, OURS))
            if turned:
                values = 1 / values[0], 1 / high, 1 / low
                limit = None
        return Line(row.name, subject.label, threads, aims[self.place],
                    *values, limit=limit)

    def stored(self, row, subject, aim):
        """Our time with float32 over that with fewer bits, one thread."""
        line, plain = self.line(row, 1, subject), self.line(row, 1, OURS)
        found = self.ratio(row, 1, subject, (aim, aim), turned=True)
        return found._replace(
            limit=line and plain["seconds"][1] / ideal(line))

    def best_ratio(self, row, subject, aims):
        ours, theirs = self.best(row, OURS), self.best(row, subject)
        values, limit = (None,) * 3, None
        if ours and theirs:
            (a, b, c), (d, e, f) = ours["seconds"], theirs["seconds"]
            values = e / b, d / c, f / a
            limit = e / min(ideal(line) for key, line in self.lines.items()
                            if key[0] == row.name and key[2] == OURS.label)
        return Line(row.name, subject.label, "better", aims[self.place],
                    *values, limit=limit)

    def share(self, row, threads, name, aim, against):
        line = self.line(row, threads, OURS)
        values = (None,) * 3
        if line and name in line:
            low, middle, high = line["seconds"]
            values = (line[name], line[name] * middle / high,
                      line[name] * middle / low)
        return Line(row.name, against, threads, aim,
                    *values, "%")


# Aims are (class A, class B).
LSTM_AIMS = {1: ((1.1, 1.2), (1.05, 1.1), (1.15, 1.4), (1.15, 1.1),
                 (1.05, 1.1)),
             2: ((1.2, 1.2), (1.1, 1.1), (1.2, 1.4), (1.3, 1.2), (1.05, 1.1))}
PEAK_AIMS = {1: (0.90, 0.86), 2: (0.88, 0.84)}
PEAK_1500 = {1: (0.90, 0.76), 2: (0.88, 0.74)}
STREAM_AIMS = {16: ((20, 15), 100, 100), 64: ((4, 4), 20, 20),
               256: ((1.5, 1.4), 10, 4), 1024: ((1.3, 1.2), 10, 2)}
SEQUENCE_AIMS = {64: 1.8, 256: 1.5, 1024: 1.1}
BF16_AIMS = {256: 1.7, 1024: 2.2}
RULE_FLOATS = 15  # a unit, step and sequence, of oneDNN's workspace


def training(found):
    for threads in (1, 2):
        for shape, aims in zip(SHAPES, LSTM_AIMS[threads]):
            row = table.train("lstm", shape)
            yield found.ratio(row, threads, TORCH, aims)
            yield found.ratio(row, threads, ONEDNN, (1.0, 1.05))
            yield found.ratio(row, threads, JAX, (1.5, 1.6))
            if shape[2] >= 512:
                aim = (PEAK_1500 if shape[2] == 1500 else PEAK_AIMS)[threads]
                yield found.share(row, threads, "share", aim[found.place],
                                  "the FMA peak")
        for cell in ("gru", "rnn"):
            for shape in SHAPES:
                yield found.ratio(table.train(cell, shape), threads, TORCH,
                                  (1.6, 1.9))


def own_cells(found):
    for threads in (1, 2):
        for cell in ("peephole", "drawn1", "drawn2", "drawn3"):
            for shape in SHAPES:
                line = found.ratio(table.train(cell, shape), threads,
                                   OUR_LSTM, (1.1, 1.1), turned=True)
                if line.value or cell in ("peephole", "drawn1"):
                    yield line._replace(most=True)
        for shape in SHAPES:
            row = table.train("peephole", shape)
            yield found.ratio(row, threads, TORCH, (1.7, 2.6))
            if table.is_cheap(row):
                yield found.ratio(row, threads, COMPILED, (1.5, 2.6))
            yield found.ratio(row, threads, JAX, (1.5, 1.6))


def ragged_and_words(found):
    for threads in (1, 2):
        for cell in ("lstm", "gru"):
            for shape in table.RAGGED:
                row = table.square("ragged", cell, *shape)
                yield found.ratio(row, threads, PACKED, (3, 3.5))
                yield found.ratio(row, threads, PADDED, (1.8, 1.9))
        for shape in ((20, 20, 200), (20, 35, 650)):
            yield found.ratio(table.square("words", "lstm", *shape), threads,
                              TORCH, (1.3, 1.5))


def streams(found):
    for hidden, (onednn, lstm, gru) in STREAM_AIMS.items():
        row, other = table.stream("lstm", hidden), table.stream("gru", hidden)
        yield found.best_ratio(row, ONEDNN, onednn)
        yield found.best_ratio(row, TORCH, (lstm, lstm))
        yield found.best_ratio(other, TORCH, (gru, gru))
        yield found.best_ratio(row, ONNX, (3, 3))
        if hidden > 16:  # beyond the first level
            for threads in (1, 2):
                for each in (row, other):
                    yield found.share(each, threads, "read", 0.8,
                                      "the bandwidth")
    for hidden, aim in BF16_AIMS.items():
        row = table.stream("lstm", hidden)
        for subject, least in ((BF16, aim), (INT8, 2.5)):
            yield found.stored(row, subject, least)


def audio(found):
    for cell, seconds in RTNEURAL_STEP.items():
        row = table.stream(cell, table.AUDIO[1], table.AUDIO[0])
        ours = found.line(row, 1, OURS)
        if found.line(row, 1, RTNEURAL):
            yield found.ratio(row, 1, RTNEURAL, (1.5, 1.5))
        elif ours and not found.place:
            low, middle, high = ours["seconds"]
            yield Line(row.name, f"RTNeural, {seconds * 1e6:.1f} us before",
                       1, 1.5, seconds / middle, seconds / high,
                       seconds / low)


def sequences(found):
    for hidden, aim in SEQUENCE_AIMS.items():
        row = table.square("sequence", "lstm", 1, 100, hidden)
        yield found.best_ratio(row, ONEDNN, (aim, aim))
        yield found.best_ratio(row, TORCH, (2, 2))


def ourselves(found):
    rows = {row.name: row for row in table.all_rows(False)}
    for name, gain in against_ourselves(found.run["lines"]).items():
        row = rows.get(name)
        if row and row.kind == "train" and row.hidden >= 200:
            yield Line(name, "one thread", 2, 1.85, *gain)
        elif row and row.kind == "stream" and row.hidden >= 256:
            yield Line(name, "one thread", 2, 1.8, *gain)
    for threads in (1, 2):
        for shape in SHAPES:
            yield found.ratio(table.train("lstm", shape), threads, REFERENCE,
                              (0.9, 0.9), turned=True)


def start(found):
    run = found.run.get("start", {})
    if "ratio" in run:
        low, middle, high = run["ratio"]
        yield Line("library, model of 1 MB, plan, first step",
                   "PyTorch, import to first step", 1, 50, middle, low, high)
    if "librnnc" in run:
        low, middle, high = (1e3 * s for s in run["librnnc"]["seconds"])
        loaded = run.get("librnnc, until main begins", {}).get("seconds")
        yield Line("the same", "time", 1, 5, middle, low, high, "ms", True,
                   loaded and 1e3 * loaded[1])


def bytes_and_time(found):
    memory, long = found.run.get("memory", {}), found.run.get("long", {})
    for name, aim, floats in (
            (OURS.label, 2.3, 6),
            ("keeping states, in blocks of a step", 7, 2)):
        if "rows" in memory.get(name, {}):
            ratio = memory["rule"] / memory[name]["rows"]
            yield Line(f"memory, {memory['row']}, {name}",
                       "oneDNN's workspace", 1, aim, ratio, ratio, ratio,
                       limit=RULE_FLOATS / floats)
    plain, cut = long.get(OURS.label, {}), long.get("in segments", {})
    if "rows" in plain and "rows" in cut:
        less = plain["rows"] / cut["rows"]
        yield Line(f"memory in segments, {long['row']}", "our plain run", 2,
                   50, less, less, less)
        (a, b, c), (d, e, f) = plain["seconds"], cut["seconds"]
        yield Line(f"time in segments, {long['row']}", "our plain run", 2,
                   1.4, e / b, d / c, f / a, "x", True)


GROUPS = [training, own_cells, ragged_and_words, streams, audio, sequences,
          ourselves, start, bytes_and_time]


def lines(run):
    """All lines, those that were not measured too."""
    found = Found(run)
    return [line for group in GROUPS for line in group(found)]


def is_reached(line):
    """True, False, or None where it was not measured."""
    if line.value is None:
        return None
    return line.value <= line.aim if line.most else line.value >= line.aim
