# SPDX-License-Identifier: MIT
"""From places in a program to what is done there, and what was foretold."""
import bisect
import functools
import re
import subprocess

from . import table

# The kind of work of a function of ours, by its name; the first that fits.
KINDS = [
    ("barriers", r"barrier|team|spin|wait|gate|futex|cond|yield|"
                 r"system_call"),
    ("packing", r"pack_(panel|row|col|copy|block)|product_pack|outer_pack|"
                r"rni_binding|^pack|_pack$"),
    ("products", r"tile|product|outer|matmul"),
    ("tapes", r"tape|value_"),
    ("clipping, optimizer", r"clip|optimizer|update|norm|squares"),
    ("softmax, sums, look-ups", r"row_|col_sum|sums|lookup|cross_entropy"),
]
REST = "rest"
ALL = [*(kind for kind, _ in KINDS), REST]


@functools.lru_cache
def symbols(program):
    """(addresses, names) of its functions, rising."""
    said = subprocess.run(["nm", "-n", "--defined-only", program], check=True,
                          capture_output=True, text=True).stdout
    found = [(int(address, 16), name) for address, kind, name in
             (line.split()[:3] for line in said.splitlines())
             if kind in "tT"]
    return [address for address, _ in found], [name for _, name in found]


def functions(program, places):
    """{function, or library: samples}"""
    counts, (addresses, names) = {}, symbols(program)
    for line in places:
        how, where, number = line.split()
        name = where.rpartition("/")[2]
        if how == "at":
            name = names[bisect.bisect(addresses, int(where, 16)) - 1]
        counts[name] = counts.get(name, 0) + int(number)
    return counts


def kind_of(name):
    return next((kind for kind, pattern in KINDS
                 if re.search(pattern, name)), REST)


def shares(program, places):
    """{kind of work: share of all samples}"""
    counts = functions(program, places)
    total, found = sum(counts.values()), dict.fromkeys(ALL, 0.0)
    for name, number in counts.items():
        found[kind_of(name)] += number / total
    return found


def most(program, places, shown=12):
    """The functions that were met most often, with their shares."""
    counts = functions(program, places)
    total = sum(counts.values())
    first = sorted(counts.items(), key=lambda pair: -pair[1])[:shown]
    return [(name, number / total) for name, number in first]


# ---- What was foretold ------------------------------------------------------

# Cycles that the element-wise part of an LSTM takes a unit and row, forward
# and backward, and multiply-adds of a core in a cycle, by the class of machine
# (known by its peak).
CLASSES = [(2e11, 64, 2.1 + 1.4), (0, 32, 4.2 + 2.8)]
BARRIER = 1e-7  # seconds


def foretell(row, peak, read, threads):
    """{kind of work: seconds}: products at the peak of the multiply-adds;
    element-wise work by its cycles; packing reads and writes what is packed
    at the bandwidth of the third level; a barrier a step each way, where rows
    are too few to be shared out."""
    flops, cycles = next((flops, cycles) for least, flops, cycles in CLASSES
                         if peak >= least)
    layers = table.LAYERS if row.kind == "words" else 1
    units = row.tokens * row.hidden * layers
    gates = row.weights // (row.inputs + row.hidden)
    rows = row.tokens * (gates + row.inputs + row.hidden)
    packed = layers * (2 * row.weights + rows)
    if row.kind == "words":
        packed += 2 * row.hidden * table.WORDS
    return {"products": row.work / peak / threads,
            "tapes": units * cycles / (peak / flops) / threads,
            "packing": 2 * 4 * packed / read / threads,
            "barriers": 2 * row.steps * layers * BARRIER * (threads > 1)}
